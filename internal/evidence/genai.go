package evidence

// operation is what a span of a generative system does.
type operation uint8

const (
	opOther operation = iota
	opInference
	opEmbedding
	opRetrieval
	opTool
	opAgent // an agent or a workflow
	opGuard
)

// operations are those of gen_ai.operation.name (semantic-conventions-genai).
var operations = map[string]operation{
	"chat": opInference, "generate_content": opInference, "text_completion": opInference, "embeddings": opEmbedding,
	"retrieval": opRetrieval, "execute_tool": opTool, "invoke_agent": opAgent, "invoke_workflow": opAgent,
}

// spanKinds are those of openinference.span.kind.
var spanKinds = map[string]operation{
	"LLM": opInference, "EMBEDDING": opEmbedding, "RETRIEVER": opRetrieval, "RERANKER": opRetrieval,
	"TOOL": opTool, "AGENT": opAgent, "GUARDRAIL": opGuard,
}

// operation returns what the subject's span does.
func (s *subject) operation() operation {
	if v := s.attrs.get(attrOperation); v != nil {
		return operations[v.text]
	}
	if v := s.attrs.get(attrSpanKind); v != nil {
		return spanKinds[v.text]
	}
	return opOther
}

// extent is what a span has beside attributes.
type extent struct {
	id         [8]byte
	root       bool // it has no parent
	erred      bool
	start, end uint64 // nanoseconds since 1970; 0 where unknown
}

// genai takes note of what a span of a generative system shows about its trace.
func (t *telemetry) genai(s *subject, x extent) {
	op := s.operation()
	if s.trace.IsEmpty() || op == opOther && s.attrs.get(attrRefs) == nil && s.attrs.get(attrOutput) == nil {
		return
	}
	if t.mayWriteIn(s.env) != nil {
		return // what others' traces show is not for this sender to say
	}
	var notes []func(*shown)
	if (op == opRetrieval || op == opTool) && !x.erred {
		notes = append(notes, s.consulted(op))
	}
	if citations, quoted := s.cites(op); quoted {
		notes = append(notes, func(of *shown) { of.say(s.at, citations) })
	}
	if op == opInference || op == opEmbedding || op == opAgent {
		notes = append(notes, s.spent(op, x.id), s.finished())
	}
	if op == opInference || op == opAgent {
		by := speaker{finding: s.finding("", ""), agent: op == opAgent, extent: x, from: t.from}
		by.ambient = true
		notes = append(notes, func(of *shown) { of.outer(by) })
	}
	if len(notes) > 0 {
		t.shows(joinKey{environment: s.env, trace: s.trace}, notes)
	}
}

// The names of what finish reasons say of a trace. They mean the signals whose
// source is span: finish_length and span: content_filter.
const (
	findingLength   = "lockflight.finish_length"
	findingFiltered = "lockflight.content_filter"
)

// finishes is how the inferences of a trace ended.
type finishes struct {
	told     bool // one said why it ended
	cut      bool // one for its length: something of the context is lost
	filtered bool // one by a content filter
}

// finished reads why an inference ended. OpenTelemetry has a list of reasons,
// one for each choice, OpenInference one reason.
func (s *subject) finished() func(*shown) {
	var f finishes
	reasons := texts(s.attrs.get(attrFinish))
	if one := s.attrs.text(attrFinish, attrLLMFinish); one != "" {
		reasons = append(reasons, one)
	}
	for _, reason := range reasons {
		reason = normal(reason)
		f.told = true
		f.cut = f.cut || reason == "length" || reason == "max_tokens"
		f.filtered = f.filtered || reason == "content_filter" || reason == "safety"
	}
	return func(of *shown) {
		of.finishes = finishes{of.told || f.told, of.cut || f.cut, of.filtered || f.filtered}
	}
}
