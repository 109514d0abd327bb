package evidence

import (
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// The signals of the default policy (gate.md 5.1).
const (
	signalSafety  = "safety_pass_rate"
	signalCovered = "evidence_coverage"
	signalTask    = "task_success_rate"
	signalContext = "context_preservation"
	signalLatency = "p95_latency_ms"
)

// aliases are the names that evaluators give to the default signals, where
// the policy says nothing else (signals[].source.evaluation).
var aliases = map[string]string{
	"task_success":                  signalTask,
	"task_completion":               signalTask,
	"safety":                        signalSafety,
	"safety_pass":                   signalSafety,
	"research_context_preservation": signalContext,
	"p95_latency":                   signalLatency,
	"latency_ms":                    signalLatency,
}

// result is what an evaluation found.
type result int

const (
	unlabelled result = iota // only a score
	passed
	failed
	notApplicable
	unread // there is a label, and none that is understood: a score may still be one
)

// labels are the low-cardinality labels that are understood. Any other is
// refused: evidence that cannot be read is missing, never a success.
var labels = map[string]result{
	"pass": passed, "passed": passed, "true": passed, "yes": passed, "ok": passed,
	"success": passed, "correct": passed, "safe": passed, "relevant": passed,
	"fail": failed, "failed": failed, "false": failed, "no": failed,
	"factual": passed, "non_toxic": passed, "hallucinated": failed, "toxic": failed, "unrelated": failed,
	"failure": failed, "incorrect": failed, "unsafe": failed, "not_relevant": failed, "irrelevant": failed,
	"na": notApplicable, "n/a": notApplicable, "not_applicable": notApplicable, "skipped": notApplicable,
}

// severities are those of a safety outcome: no violation, and three degrees.
var severities = []string{"none", "minor", "major", gate.Critical}

// passScore is the score, of 0 to 1, from which an evaluation without a label
// passes.
const passScore = 0.5

// finding is an outcome as telemetry has it, before it is known which release
// and arm it speaks of, and so which policy gives its name a meaning.
type finding struct {
	identity
	at       time.Time
	env      string
	flag     string // where the subject names one: no other is meant
	name     string // of the evaluation, or of a signal
	field    string // the attribute that the result was read from
	result   result
	scored   bool
	score    float64
	severity string
	// ambient findings were measured without anyone calling them evidence: the
	// duration of every root span. Those that nothing needs are not counted.
	ambient   bool
	caseClass string
	named     string // the build, where one was named for the subject itself
	evaluator gate.Evaluator
	spent     *spent            // of a finding about usage
	answered  gate.CaseIdentity // what answered, as far as the subject itself says
}

// finding returns what all findings of the subject have in common.
func (s *subject) finding(name, field string) finding {
	return finding{
		identity: s.identity(), at: s.at, env: s.env, flag: s.text(attrFlag), name: name, field: field,
		caseClass: s.text(attrCaseClass), named: s.text(attrBuild),
		evaluator: gate.Evaluator{ID: s.text(attrEvaluatorID), Version: s.text(attrEvaluatorVersion), Kind: s.text(attrEvaluatorKind)},
		answered:  gate.CaseIdentity{Model: s.text(attrModel), Prompt: s.text(attrPrompt), Tools: s.text(attrTools), Index: s.text(attrIndex)},
	}
}

// evaluation reads a gen_ai.evaluation.result event. One with error.type is a
// failure of the evaluator, so its outcome is missing.
func (s *subject) evaluation() (finding, *refusal) {
	name := s.attrs.text(attrSignal, attrEvaluation)
	if name == "" {
		return finding{}, &refusal{cause: gate.Malformed, field: attrEvaluation.String(), msg: "is missing: name what was evaluated"}
	}
	if kind := s.attrs.text(attrError); kind != "" {
		return finding{}, &refusal{cause: EvaluationError, field: attrError.String(), msg: quote(kind) + ": an evaluation that failed is missing, not failing"}
	}
	f := s.finding(name, attrLabel.String())
	var ref *refusal
	if f.score, f.scored, ref = s.number(attrScore); ref != nil {
		return finding{}, ref
	}
	label := s.attrs.text(attrLabel)
	if label == "" {
		f.field = attrScore.String()
		if !f.scored {
			return finding{}, &refusal{cause: gate.Malformed, field: attrLabel.String(), msg: "is missing, and so is " + attrScore.String()}
		}
		return f, nil
	}
	f.result = labels[normal(label)]
	if f.result == unlabelled {
		return finding{}, &refusal{cause: gate.BadValue, field: attrLabel.String(), msg: quote(label) + " is not understood: use pass, fail or not_applicable"}
	}
	return f, nil
}

// normal is how names and labels are compared: in lower case, words joined by
// underscores.
func normal(s string) string { return joiner.Replace(strings.ToLower(strings.TrimSpace(s))) }

var joiner = strings.NewReplacer(" ", "_", "-", "_", ".", "_")

// slotted are the signals that are told by two counts.
var slotted = [...]struct {
	signal            string
	required, present attr
}{
	{signalCovered, attrEvidenceRequired, attrEvidencePresent},
	{signalContext, attrContextRequired, attrContextKept},
}

// extensions hands on the lockflight.* outcomes that a span, an event or a log
// record carries itself: all of them, or none where one is wrong.
func (s *subject) extensions(find func(finding)) *refusal {
	var out []finding
	if sev := s.attrs.text(attrSeverity); sev != "" {
		f, ref := s.safety(sev)
		if ref != nil {
			return ref
		}
		out = append(out, f)
	}
	for _, slots := range slotted {
		required, ok, ref := s.count(slots.required)
		if ref != nil {
			return ref
		}
		if !ok {
			continue
		}
		f := s.finding(slots.signal, slots.required.String())
		if f.result, ref = s.slots(required, slots.present); ref != nil {
			return ref
		}
		out = append(out, f)
	}
	for _, f := range out {
		find(f)
	}
	return nil
}

// safety reads a severity: any violation fails, a critical one is counted by
// itself too (gate.md 1.4).
func (s *subject) safety(severity string) (finding, *refusal) {
	f := s.finding(signalSafety, attrSeverity.String())
	severity = normal(severity)
	if !slices.Contains(severities, severity) {
		return f, &refusal{cause: gate.BadValue, field: attrSeverity.String(), msg: quote(severity) + " is not one of " + strings.Join(severities, ", ")}
	}
	f.result, f.severity = failed, severity
	if severity == severities[0] {
		f.result = passed
	}
	return f, nil
}

// slots compares required slots with those that are filled.
func (s *subject) slots(required float64, filled attr) (result, *refusal) {
	present, ok, ref := s.count(filled)
	switch {
	case ref != nil:
		return unlabelled, ref
	case required == 0:
		return notApplicable, nil
	case !ok:
		return unlabelled, &refusal{cause: gate.Malformed, field: filled.String(), msg: "is missing beside what is required"}
	case present >= required:
		return passed, nil
	}
	return failed, nil
}
