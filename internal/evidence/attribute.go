package evidence

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// attr is an attribute that is read.
type attr uint8

// The attributes that are read. feature_flag.* and gen_ai.* are
// OpenTelemetry's semantic conventions (1.44, and semantic-conventions-genai),
// lockflight.* are extensions where those have nothing yet, and the last group
// is OpenInference's, whose lists are in openinference.go.
const (
	attrEventName attr = iota
	attrEnvironment
	attrEnvironment0
	attrVersion
	attrBuild

	attrFlag
	attrVariant
	attrReason
	attrContext
	attrUnit

	attrConversation
	attrCase
	attrCaseClass

	attrEvaluation
	attrSignal
	attrLabel
	attrScore
	attrError

	attrSeverity
	attrEvidenceRequired
	attrEvidencePresent
	attrContextRequired
	attrContextKept

	attrEvaluatorID
	attrEvaluatorVersion
	attrEvaluatorKind

	attrModel
	attrPrompt
	attrTools
	attrIndex

	attrOperation
	attrDocuments
	attrToolCall
	attrOutput
	attrRefs

	attrFinish
	attrRequestModel
	attrInputTokens
	attrOutputTokens
	attrCachedTokens

	attrSpanKind
	attrSession
	attrTool
	attrOutputValue
	attrOutputType
	attrLLMFinish
	attrLLMModel
	attrLLMResponseModel
	attrLLMInputTokens
	attrLLMOutputTokens
	attrLLMCachedTokens

	attrCount // how many there are
)

var attrNames = [attrCount]string{
	attrEventName:    "event.name",
	attrEnvironment:  "deployment.environment.name",
	attrEnvironment0: "deployment.environment", // until semantic conventions 1.27
	attrVersion:      "service.version",
	attrBuild:        "lockflight.build.id",

	attrFlag:    "feature_flag.key",
	attrVariant: "feature_flag.result.variant",
	attrReason:  "feature_flag.result.reason",
	attrContext: "feature_flag.context.id",
	attrUnit:    "lockflight.unit",

	attrConversation: "gen_ai.conversation.id",
	attrCase:         "lockflight.case.id",
	attrCaseClass:    "lockflight.case.class",

	attrEvaluation: "gen_ai.evaluation.name",
	attrSignal:     "lockflight.signal",
	attrLabel:      "gen_ai.evaluation.score.label",
	attrScore:      "gen_ai.evaluation.score.value",
	attrError:      "error.type",

	attrSeverity:         "lockflight.safety.severity",
	attrEvidenceRequired: "lockflight.evidence.required",
	attrEvidencePresent:  "lockflight.evidence.present",
	attrContextRequired:  "lockflight.context.required",
	attrContextKept:      "lockflight.context.kept",

	attrEvaluatorID:      "lockflight.evaluator.id",
	attrEvaluatorVersion: "lockflight.evaluator.version",
	attrEvaluatorKind:    "lockflight.evaluator.kind",

	attrModel:  "gen_ai.response.model",
	attrPrompt: "lockflight.prompt.hash",
	attrTools:  "lockflight.tools.hash",
	attrIndex:  "lockflight.index.version",

	attrOperation: "gen_ai.operation.name",
	attrDocuments: "gen_ai.retrieval.documents",
	attrToolCall:  "gen_ai.tool.call.id",
	attrOutput:    "gen_ai.output.messages",
	attrRefs:      "lockflight.evidence.refs",

	attrFinish:       "gen_ai.response.finish_reasons",
	attrRequestModel: "gen_ai.request.model",
	attrInputTokens:  "gen_ai.usage.input_tokens",
	attrOutputTokens: "gen_ai.usage.output_tokens",
	attrCachedTokens: "gen_ai.usage.cache_read.input_tokens",

	attrSpanKind:         "openinference.span.kind",
	attrSession:          "session.id",
	attrTool:             "tool.id",
	attrOutputValue:      "output.value",
	attrOutputType:       "output.mime_type",
	attrLLMFinish:        "llm.finish_reason",
	attrLLMModel:         "llm.model_name",
	attrLLMResponseModel: "llm.response.model_name",
	attrLLMInputTokens:   "llm.token_count.prompt",
	attrLLMOutputTokens:  "llm.token_count.completion",
	attrLLMCachedTokens:  "llm.token_count.prompt_details.cache_read",
}

func (a attr) String() string { return attrNames[a] }

// byLength has the attributes by the length of their name: there are one or two
// of each, and most of what is on the wire has another.
var byLength = func() (by [maxName][]attr) {
	for a, name := range attrNames {
		by[len(name)] = append(by[len(name)], attr(a))
	}
	return by
}()

// attrOf returns the attribute of a name, and false where it is not read.
func attrOf(name []byte) (attr, bool) {
	if len(name) >= len(byLength) {
		return 0, false
	}
	for _, a := range byLength[len(name)] {
		if attrNames[a] == string(name) {
			return a, true
		}
	}
	return 0, false
}

// kind is the type of an attribute's value.
type kind uint8

const (
	kindNone kind = iota
	kindText
	kindBool
	kindInt
	kindDouble
	kindOther // a list, a map or bytes
)

// value is an attribute's value.
type value struct {
	kind   kind
	text   string
	number float64
	bits   uint64
	raw    []byte // the AnyValue of kindOther: part of the request
}

// identifies returns the value as text that may name something; lists, maps and
// bytes name nothing.
func (v *value) identifies() string {
	switch v.kind {
	case kindText:
		return v.text
	case kindBool:
		return strconv.FormatBool(v.bits != 0)
	case kindInt:
		return strconv.FormatInt(int64(v.bits), 10)
	case kindDouble:
		return pcommon.NewValueDouble(v.number).AsString()
	case kindNone, kindOther:
	}
	return ""
}

// attributes are those of one resource, span, event or log record that are
// read. The first of a name counts.
type attributes struct {
	place  [attrCount]uint8 // 1 + the index in held; 0: absent
	held   []value
	listed []element // of OpenInference's lists
}

func (s *attributes) add(a attr, v value) {
	if s.place[a] == 0 {
		s.held = append(s.held, v)
		s.place[a] = uint8(len(s.held))
	}
}

func (s *attributes) get(a attr) *value {
	if i := s.place[a]; i > 0 {
		return &s.held[i-1]
	}
	return nil
}

func (s *attributes) reset() {
	s.place, s.held, s.listed = [attrCount]uint8{}, s.held[:0], s.listed[:0]
}

// text returns the first of the attributes that identifies something.
func (s *attributes) text(as ...attr) string {
	for _, a := range as {
		if v := s.get(a); v != nil {
			if t := v.identifies(); t != "" {
				return t
			}
		}
	}
	return ""
}
