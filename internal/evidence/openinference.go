package evidence

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/gate"
)

// listKind is one of OpenInference's lists that are read. It flattens them into
// attributes, with an index in each name: retrieval.documents.0.document.id
// (its spec/semantic_conventions.md and spec/annotations.md).
type listKind uint8

const (
	listDocuments listKind = iota // documents that were retrieved
	listMessages                  // messages that a model put out
	listJudged                    // evaluations of the span, its trace or its session
)

// listNames are the lists by the beginnings of their names. Annotations and
// evaluations are two words for one thing.
var listNames = [...]struct {
	prefix string
	list   listKind
}{
	{"retrieval.documents.", listDocuments},
	{"reranker.output_documents.", listDocuments},
	{"llm.output_messages.", listMessages},
	{"evaluations.", listJudged},
	{"annotations.", listJudged},
	{"trace.evaluations.", listJudged},
	{"trace.annotations.", listJudged},
	{"session.evaluations.", listJudged},
	{"session.annotations.", listJudged},
}

// element is one attribute of an element of a list.
type element struct {
	place uint16 // of the list's name and the element's index: the same for all of one element
	list  listKind
	part  string // what is below the index, such as document.id
	value value
}

// maxElements is the most elements of a list that are read, and maxParts the
// most attributes of all.
const (
	maxElements = 1000
	maxParts    = 4096
)

// element adds an attribute of an element of a list to a set, where key names
// one.
func (r *wire) element(key, val []byte, into *attributes) error {
	i := listOf(key)
	if i < 0 || len(into.listed) == maxParts {
		return nil
	}
	index, part, ok := bytes.Cut(key[len(listNames[i].prefix):], []byte("."))
	n := indexOf(string(index))
	if !ok || n < 0 {
		return nil // an attribute of somebody else's
	}
	v, err := r.value(val)
	into.listed = append(into.listed, element{place: uint16(i*maxElements + n), list: listNames[i].list, part: string(part), value: v})
	return err
}

// indexOf returns the index of an element, or -1.
func indexOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= maxElements {
		return -1
	}
	return n
}

// listOf returns the index in listNames of the list that a key names, or -1.
// It is asked of every attribute that is not known.
func listOf(key []byte) int {
	for i := range listNames {
		if prefix := listNames[i].prefix; len(key) > len(prefix) && key[0] == prefix[0] && string(key[:len(prefix)]) == prefix {
			return i
		}
	}
	return -1
}

// retrieved returns the ids of the documents that a span lists.
func (s *attributes) retrieved() (ids []string) {
	for i := range s.listed {
		if e := &s.listed[i]; e.list == listDocuments && e.part == "document.id" {
			if id := e.value.identifies(); id != "" && len(id) <= maxName {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// answered returns the text that a span put out: of its messages, else of its
// output where that is plain text.
func (s *attributes) answered() (text string, quoted bool) {
	var all []string
	for i := range s.listed {
		if e := &s.listed[i]; e.list == listMessages && (e.part == "message.content" || strings.HasSuffix(e.part, ".message_content.text")) {
			all = append(all, e.value.text)
		}
	}
	if len(all) > 0 {
		return strings.Join(all, "\n"), true
	}
	v := s.get(attrOutputValue)
	if v == nil || v.kind != kindText || v.decode() != nil || !strings.HasPrefix(firstOf(s.text(attrOutputType), "text/plain"), "text/") {
		return "", false
	}
	return v.text, true
}

// judgements hands on the evaluations that a span carries. That of a guardrail
// says whether content was filtered, too.
func (s *subject) judgements(find func(finding)) *refusal {
	var seen []uint16
	for i := range s.attrs.listed {
		e := &s.attrs.listed[i]
		if e.list != listJudged || slices.Contains(seen, e.place) {
			continue
		}
		seen = append(seen, e.place)
		f, ref := s.judgement(e.place)
		if ref != nil {
			return ref
		}
		find(f)
		if s.operation() == opGuard && (f.result == passed || f.result == failed) {
			f.name, f.ambient = findingFiltered, true
			find(f)
		}
	}
	return nil
}

// judgement reads the evaluation at a place. What a score means is the
// evaluator's business, so a rate is told by a label that is understood alone.
func (s *subject) judgement(place uint16) (finding, *refusal) {
	var name, label string
	var score *value
	f := s.finding("", "")
	for i := range s.attrs.listed {
		e := &s.attrs.listed[i]
		if e.list != listJudged || e.place != place {
			continue
		}
		switch e.part[strings.IndexByte(e.part, '.')+1:] {
		case "name":
			name, f.field = e.value.identifies(), e.part
		case "label":
			label = e.value.identifies()
		case "score":
			score = &e.value
		case "identifier":
			f.evaluator.ID = firstOf(f.evaluator.ID, e.value.identifies())
		case "annotator_kind":
			f.evaluator.Kind = firstOf(f.evaluator.Kind, strings.ToLower(e.value.identifies()))
		}
	}
	if name == "" {
		return f, &refusal{cause: gate.Malformed, field: "evaluation.name", msg: "is missing: name what was evaluated"}
	}
	f.name, f.result = name, unread
	if known := labels[normal(label)]; known != unlabelled {
		f.result = known
	}
	var ref *refusal
	if score != nil {
		f.score, ref = score.finite("evaluation.score")
		f.scored = ref == nil
	}
	return f, ref
}
