package gate

import (
	"encoding/json"
	"strings"
)

// question is one line for Answer: what would the gate decide? Either of a
// build, or of a snapshot and a state.
type question struct {
	Name        string          `json:"name"`
	Policy      json.RawMessage `json:"policy"`       // overrides of agent-default, by path ("hold.timeout") or nested; or a built-in name
	PolicyError string          `json:"policy_error"` // stands for a policy that did not validate
	Snapshot    json.RawMessage `json:"snapshot"`
	State       json.RawMessage `json:"state"`
	Build       json.RawMessage `json:"build"`
}

// Reply is what Answer says to a line.
type Reply struct {
	Name    string                 `json:"name"`
	Verdict Verdict                `json:"verdict"`
	Reason  string                 `json:"reason"`
	Also    []string               `json:"also,omitempty"`
	Signals map[string]SignalReply `json:"signals,omitempty"`
	SRMLogE *float64               `json:"srm_log_e,omitempty"`
	Needs   []string               `json:"needs,omitempty"`
	Detail  string                 `json:"detail,omitempty"`
}

// SignalReply is a status as it is printed, under its name.
type SignalReply struct {
	SignalStatus
	Cases Count `json:"n"` // as SignalStatus.N
}

// SignalsByName returns the statuses as an object for output.
func (d *Decision) SignalsByName() map[string]SignalReply {
	signals := make(map[string]SignalReply, len(d.Signals))
	for _, s := range d.Signals {
		name := s.Name
		s.Name = ""
		signals[name] = SignalReply{SignalStatus: s, Cases: s.N}
	}
	return signals
}

// Answer decides one line of JSON: {name, policy, snapshot, state} for the step
// gate, {name, policy, build} for the build gate. The policy is laid over
// agent-default, key by key or by path ("hold.timeout"). What is wrong with a policy or a snapshot
// is part of the reply, a HOLD; the error says that the line is not a
// question at all, and the reply is a HOLD then, too.
//
// Rules of a policy are not compiled, so they hold: see [Compile.Answer].
func Answer(line []byte) (Reply, error) { return Compile(nil).Answer(line) }

// Compile compiles the rules of a policy. The nil Compile compiles none.
type Compile func(Policy) (Rules, error)

// rules compiles what there is; a policy without rules needs no compiler.
func (c Compile) rules(p Policy) (Rules, error) {
	if c == nil || len(p.Rules) == 0 {
		return nil, nil
	}
	return c(p)
}

// Answer is [Answer] for policies with rules. A rule that does not compile
// makes the policy invalid, which is a HOLD.
func (c Compile) Answer(line []byte) (Reply, error) {
	var q question
	if err := json.Unmarshal(quoteNaN(line), &q); err != nil {
		return Reply{Reason: SnapshotInvalid, Detail: err.Error()}, typeFault(err)
	}
	d := q.decide(c)
	return Reply{
		Name: q.Name, Verdict: d.Verdict, Reason: d.Reason, Also: d.Also,
		Signals: d.SignalsByName(), SRMLogE: d.SRMLogE, Needs: d.Needs, Detail: d.Detail,
	}, nil
}

// decide decides a question. A kill by an operator outranks a policy and a
// snapshot that cannot be read.
func (q *question) decide(compile Compile) Decision {
	var st State
	var killed Decision
	stateErr := readOptional(q.State, &st)
	if stateErr == nil && st.Operator == OperatorKill {
		killed = Decision{Verdict: Rollback, Reason: OperatorKilled}
	}
	policy, err := overridden(q.Policy)
	if err == nil && q.PolicyError != "" {
		err = wrongField("", q.PolicyError)
	}
	if err != nil {
		return killed.or(PolicyInvalid, err)
	}
	if q.Build != nil {
		var b Build
		if err := json.Unmarshal(q.Build, &b); err != nil {
			return killed.or(SnapshotInvalid, err)
		}
		return DecideBuild(policy, b)
	}
	var s Snapshot
	if err := readOptional(q.Snapshot, &s); err != nil {
		return killed.or(SnapshotInvalid, prefixed("snapshot", err))
	}
	if stateErr != nil {
		return killed.or(SnapshotInvalid, prefixed("state", stateErr))
	}
	rules, err := compile.rules(policy)
	if err != nil {
		return killed.or(PolicyInvalid, err)
	}
	return rules.Decide(policy, s, st)
}

// readOptional decodes a JSON object that may be absent or null.
func readOptional(raw json.RawMessage, v any) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return decodeOpen(raw, v)
}

// quoteNaN puts the words NaN and Infinity, which are not JSON but what some
// programs write, into quotes, so that the rest of the line can be read and
// the number be refused by name.
func quoteNaN(line []byte) []byte {
	var out []byte
	inString := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case inString && c == '\\' && i+1 < len(line):
			out = append(out, c, line[i+1])
			i++
			continue
		case c == '"':
			inString = !inString
		case !inString:
			if word := numberWord(line[i:]); word != "" {
				out = append(append(append(out, '"'), word...), '"')
				i += len(word) - 1
				continue
			}
		}
		out = append(out, line[i])
	}
	return out
}

func numberWord(b []byte) string {
	for _, word := range []string{"NaN", "-Infinity", "Infinity"} {
		if strings.HasPrefix(string(b[:min(len(b), len(word))]), word) {
			return word
		}
	}
	return ""
}
