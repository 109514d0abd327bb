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

// cited is what one trace has shown of its evidence: the ids that its
// retrievals and tools answered with, and those that the last thing it said
// cites.
type cited struct {
	consulted bool // a retrieval or a tool answered
	hidden    bool // documents were retrieved that were not recorded, or are too many
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

// consulted reads what a retrieval or a tool answered with. OpenTelemetry's
// GenAI conventions record the documents of a retrieval and the call of a tool,
// OpenInference lists documents.
func (s *subject) consulted(op operation) func(*shown) {
	documents := s.attrs.get(attrDocuments)
	ids := append(documentIDs(documents), s.attrs.retrieved()...)
	recorded := documents != nil || len(ids) > 0
	if call := s.attrs.text(attrToolCall, attrTool); call != "" {
		ids = append(ids, call)
	}
	return func(of *shown) { of.consult(!recorded || len(ids) > 0, !recorded && op == opRetrieval, ids) }
}

// cites returns what the subject's text cites, and whether its text, or what it
// refers to, was recorded. What a tool or a retrieval puts out is no answer.
func (s *subject) cites(op operation) (ids []string, quoted bool) {
	refs, messages := s.attrs.get(attrRefs), s.attrs.get(attrOutput)
	var text string
	var plain bool
	if op == opInference || op == opAgent {
		text, plain = s.attrs.answered()
	}
	ids = append(texts(refs), citations(messages)...)
	return citationsOf(ids, text), refs != nil || messages != nil || plain
}

// consult remembers that something answered, and with which ids.
func (c *cited) consult(answered, hidden bool, ids []string) {
	c.consulted, c.hidden = c.consulted || answered, c.hidden || hidden
	for _, id := range ids {
		if len(c.sources) == maxSources {
			c.hidden = true
			return
		}
		if c.sources == nil {
			c.sources = map[string]struct{}{}
		}
		c.sources[id] = struct{}{}
	}
}

// say remembers what the newest text cites.
func (c *cited) say(at time.Time, citations []string) {
	if !at.Before(c.said) {
		c.said, c.citations, c.quoted = at, citations, true
	}
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
			out = citationsOf(out, text)
		}
	}
	return out
}

// citationsOf appends what a text cites.
func citationsOf(out []string, text string) []string {
	for _, m := range citation.FindAllStringSubmatch(text, max(maxCitations-len(out), 0)) {
		out = append(out, firstOf(m[3], m[2], m[1]))
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
