package evidence

import (
	"regexp"
	"slices"
	"time"
)

// findingSlots is the name of what a trace itself shows about its evidence. It
// means the signal whose source is evidence_slots.
const findingSlots = "lockflight.evidence_slots"

// The bounds of what is kept of one trace.
const (
	maxSources   = 512 // ids that its answer may cite
	maxCitations = 64  // that are looked at
)

// cited is what one trace has shown: the ids that its retrievals and tools
// answered with, and those that the last thing it said cites.
type cited struct {
	consulted bool // a retrieval or a tool answered
	hidden    bool // a retrieval answered with documents that were not recorded
	sources   map[string]struct{}
	said      time.Time // when the newest text was
	citations []string
	quoted    bool // its text was recorded
}

// covered says whether the evidence of a trace is there: where the text of its
// answer was recorded, it cites something, and all that it cites was
// retrieved; where it was not, something was consulted. Citations that may be
// of documents that nobody recorded are unlabelled: the signal is missing.
func (c *cited) covered() result {
	if !c.quoted {
		return passOf(c.consulted)
	}
	resolved := !slices.ContainsFunc(c.citations, func(id string) bool {
		_, ok := c.sources[id]
		return !ok
	})
	if !resolved && c.hidden {
		return unlabelled
	}
	return passOf(resolved && len(c.citations) > 0)
}

func passOf(ok bool) result {
	if ok {
		return passed
	}
	return failed
}

// evidence takes note of what a span shows about the evidence of its trace.
// OpenTelemetry's GenAI conventions record the documents of a retrieval, the
// call of a tool, and the messages that a model put out.
func (t *telemetry) evidence(s *subject, root bool) {
	if s.trace.IsEmpty() {
		return
	}
	operation := s.attrs.text(attrOperation)
	key := joinKey{environment: s.env, trace: s.trace}
	if s.attrs.text(attrError) == "" && (operation == "retrieval" || operation == "execute_tool") {
		documents := s.attrs.get(attrDocuments)
		ids := documentIDs(documents)
		if call := s.attrs.text(attrToolCall); call != "" {
			ids = append(ids, call)
		}
		t.in.join.consult(t.now, key, cited{
			consulted: documents == nil || len(ids) > 0, hidden: documents == nil && operation == "retrieval",
		}, ids)
	}
	refs, quoted := s.attrs.get(attrRefs), s.attrs.get(attrOutput)
	if refs != nil || quoted != nil {
		t.in.join.said(t.now, key, s.at, append(texts(refs), citations(quoted)...))
	}
	if root && (operation == "invoke_agent" || operation == "invoke_workflow") {
		f := s.finding(findingSlots, attrOutput.String())
		f.ambient = true
		t.answers = append(t.answers, f)
	}
}

// settleAnswers finds what the traces of the answers have shown, when all of
// the request is known.
func (t *telemetry) settleAnswers() {
	for _, f := range t.answers {
		if f.result = t.in.join.covered(joinKey{environment: f.env, trace: f.trace}); f.result != unlabelled {
			t.find(f)
		}
	}
}

// consult remembers that something answered in a trace, how, and with which ids.
func (j *join) consult(now time.Time, key joinKey, how cited, ids []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.touch(now, key).shows()
	c.consulted, c.hidden = c.consulted || how.consulted, c.hidden || how.hidden
	for _, id := range ids {
		if len(c.sources) < maxSources {
			c.sources[id] = struct{}{}
		}
	}
}

// said remembers what the newest text of a trace cites.
func (j *join) said(now time.Time, key joinKey, at time.Time, citations []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c := j.touch(now, key).shows(); !at.Before(c.said) {
		c.said, c.citations, c.quoted = at, citations, true
	}
}

// covered is cited.covered of a trace; one that has shown nothing fails.
func (j *join) covered(key joinKey) result {
	j.mu.Lock()
	defer j.mu.Unlock()
	if el := j.entries[key]; el != nil && entry(el).cited != nil {
		return entry(el).cited.covered()
	}
	return failed
}

func (e *joined) shows() *cited {
	if e.cited == nil {
		e.cited = &cited{sources: map[string]struct{}{}}
	}
	return e.cited
}

// documentIDs returns the ids of gen_ai.retrieval.documents: a list of maps, or
// the same as JSON.
func documentIDs(v *value) (ids []string) {
	for _, document := range items(v.decode()) {
		if id, ok := member(document, "id").(string); ok && id != "" && len(id) <= maxName {
			ids = append(ids, id)
		}
	}
	return ids
}

// texts returns a list of text.
func texts(v *value) (out []string) {
	for _, x := range items(v.decode()) {
		if s, ok := x.(string); ok && len(out) < maxCitations {
			out = append(out, s)
		}
	}
	return out
}

// citation is an id in square brackets, or the target of a Markdown link.
var citation = regexp.MustCompile(`\[([^\[\]\s()]{1,256})\](?:\(([^()\s]{1,256})\))?|\]\(([^()\s]{1,256})\)`)

// citations returns what the text parts of gen_ai.output.messages cite.
func citations(v *value) (out []string) {
	for _, message := range items(v.decode()) {
		for _, part := range items(member(message, "parts")) {
			text, _ := member(part, "content").(string)
			if member(part, "type") != "text" {
				continue
			}
			for _, m := range citation.FindAllStringSubmatch(text, maxCitations-len(out)) {
				out = append(out, firstOf(m[3], m[2], m[1]))
			}
		}
	}
	return out
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

func items(x any) []any {
	l, _ := x.([]any)
	return l
}

func member(x any, key string) any {
	m, _ := x.(map[string]any)
	return m[key]
}
