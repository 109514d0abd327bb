package gate

import "slices"

// Identity is what the code of a build does not say and what makes its
// evidence comparable. Where any of it changes, the evidence before does not
// speak for what comes after: a new epoch begins.
type Identity struct {
	ResponseModels []string `json:"response_models,omitempty"` // as providers name them, sorted
	PromptHash     string   `json:"prompt_hash,omitempty"`
	ToolsHash      string   `json:"tools_hash,omitempty"` // of the tools' definitions
	IndexVersion   string   `json:"index_version,omitempty"`
	Judges         []string `json:"judges,omitempty"` // evaluator id@version, sorted
	Split          string   `json:"split,omitempty"`  // group id, stickiness and percent of the comparison
}

// Changed returns what differs between two identities, in the order of the
// fields: model, prompt, tools, index, judge, split. What either does not know
// is not a change.
func (i *Identity) Changed(next *Identity) []string {
	if i == nil || next == nil {
		return nil
	}
	var changed []string
	for _, f := range []struct {
		name       string
		known, now []string
	}{
		{"model", i.ResponseModels, next.ResponseModels},
		{"prompt", one(i.PromptHash), one(next.PromptHash)},
		{"tools", one(i.ToolsHash), one(next.ToolsHash)},
		{"index", one(i.IndexVersion), one(next.IndexVersion)},
		{"judge", i.Judges, next.Judges},
		{"split", one(i.Split), one(next.Split)},
	} {
		if len(f.known) > 0 && len(f.now) > 0 && !slices.Equal(f.known, f.now) {
			changed = append(changed, f.name)
		}
	}
	return changed
}

// one returns a list of s, empty where s is.
func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
