package gate

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// condition is what may be the matter with the evidence of a signal.
type condition string

var conditions = []condition{"ok", "bad", "missing", "stale", "NaN", "error"}

// everyKind returns agent-default with a signal of each other kind, all
// required, and evidence under which it promotes.
func everyKind() (Policy, Snapshot) {
	p, s := DefaultPolicy(), healthy(900)
	for i := range p.Signals {
		p.Signals[i].Weight *= 0.8
	}
	support, retries, queue := defaultOfKind(Score), defaultOfKind(Counter), defaultOfKind(Level)
	support.Name, support.Promote, support.Rollback, support.Weight = "support", 0.8, 0.6, 0.1
	retries.Name, retries.Promote, retries.Rollback, retries.Weight = "retries", 0.5, 1, 0.1
	queue.Name, queue.Promote, queue.Rollback = "queue", 10, 20
	p.Signals = append(p.Signals, support, retries, queue)
	s.Signals["support"] = scored(900, 0.9)
	s.Signals["retries"] = Measure{Treatment: counted(180), Control: counted(180)}
	s.Signals["queue"] = Measure{Treatment: &Arm{Value: new(3.0)}}
	return p, s
}

// scored returns the evidence of n scores that alternate around a mean, paired
// with a control of mean .9.
func scored(n int, mean float64) Measure {
	p := DefaultPolicy()
	support := defaultOfKind(Score)
	support.Rollback = 0.6
	bets, cs := newBets(&support), newBernstein(p.Alpha.Promote)
	for i := range n {
		spread := 0.05 * float64(1-2*(i%2))
		cs.add(mean + spread)
		bets.below(&support, mean+spread)
		bets.harmful(&support, mean+spread, 0.9)
		bets.harmless(&support, mean+spread, 0.9)
	}
	lo, hi := cs.interval()
	return Measure{
		Treatment: &Arm{N: new(Count(n)), Mean: new(cs.mean()), MeanLo: &lo, MeanHi: &hi},
		Control:   &Arm{N: new(Count(n)), Mean: new(0.9)},
		Bets:      &bets,
	}
}

// counted returns k events in 900 cases.
func counted(k Count) *Arm { return &Arm{N: new(Count(900)), K: &k} }

// spoil puts the evidence of a signal into a condition.
func spoil(s *Snapshot, signal *Signal, is condition) {
	m := s.Signals[signal.Name]
	switch is {
	case "bad":
		m = spoiled(signal)
	case "missing":
		delete(s.Signals, signal.Name)
		return
	case "stale":
		m.AgeSeconds = 16 * 60
	case "NaN":
		m = notANumber(signal, m)
	case "error":
		m.Error = "connection refused"
	}
	s.Signals[signal.Name] = m
}

// spoiled returns evidence of a signal that is proven bad.
func spoiled(signal *Signal) Measure {
	switch signal.Kind {
	case Score:
		return scored(900, 0.3)
	case Counter:
		return Measure{Treatment: counted(2700), Control: counted(180)}
	case Level:
		return Measure{Treatment: &Arm{Value: new(30.0)}}
	case Quantile:
		return Measure{Treatment: &Arm{N: new(Count(900)), GtPromote: new(Count(700)), GtRollback: new(Count(600))}}
	}
	return Measure{Treatment: counted(300), Control: counted(810)}
}

// notANumber puts NaN where the kind has a figure that can be it.
func notANumber(signal *Signal, m Measure) Measure {
	t := *m.Treatment
	switch signal.Kind {
	case Score:
		t.Mean = new(math.NaN())
	case Level:
		t.Value = new(math.NaN())
	case Quantile:
		t.QLo = new(math.NaN())
	default:
		m.TelemetryCoverage = new(math.NaN())
	}
	m.Treatment = &t
	return m
}

// The truth table: whatever is the matter with one signal, required or not,
// and with all of them at once, the gate promotes only where every required
// signal is ok; and it does promote where all are.
func TestTruthTable(t *testing.T) {
	t.Parallel()
	p, _ := everyKind()
	for i := range p.Signals {
		for _, required := range []bool{true, false} {
			for _, is := range conditions {
				t.Run(fmt.Sprintf("%s/required=%v/%s", p.Signals[i].Name, required, is), func(t *testing.T) {
					t.Parallel()
					p, s := everyKind()
					p.Signals[i].Required = required
					spoil(&s, &p.Signals[i], is)
					d := Decide(p, s, wellPassed())
					mayPass := is == "ok" || !required && is != "bad" && is != "NaN"
					if (d.Verdict == Promote) != mayPass {
						t.Errorf("%s %s %v %s", d.Verdict, d.Reason, d.Also, d.Detail)
					}
					if is != "bad" && d.Verdict == Rollback {
						t.Errorf("%s rolls back: %s", is, d.Reason)
					}
				})
			}
		}
	}
}

func TestTruthTableOfAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, s := everyKind()
		allOK := true
		for i := range p.Signals {
			signal := &p.Signals[i]
			signal.Required = rapid.Bool().Draw(t, signal.Name+" required")
			is := rapid.SampledFrom(conditions).Draw(t, signal.Name)
			spoil(&s, signal, is)
			allOK = allOK && (is == "ok" || !signal.Required)
		}
		if d := Decide(p, s, wellPassed()); d.Verdict == Promote && !allOK {
			t.Fatalf("promoted: %+v", d.Signals)
		}
	})
}

// A goal is reported and decides nothing; a guardrail that holds never rolls
// back, however bad.
func TestOnFail(t *testing.T) {
	t.Parallel()
	p, _ := everyKind()
	for i := range p.Signals {
		p, s := everyKind()
		signal := &p.Signals[i]
		spoil(&s, signal, "bad")
		signal.OnFail, signal.Required = OnFailWarn, false
		if d := Decide(p, s, wellPassed()); d.Verdict != Promote || len(d.Warn) != 1 {
			t.Errorf("%s as a goal: %s %s, warned %v %s", signal.Name, d.Verdict, d.Reason, d.Warn, d.Detail)
		}
		signal.OnFail, signal.Required = OnFailHold, true
		if d := Decide(p, s, wellPassed()); d.Verdict != Hold || !isRule(d.Reason, "P8") {
			t.Errorf("%s as a guardrail that holds: %s %s", signal.Name, d.Verdict, d.Reason)
		}
		if signal.Kind == Level {
			continue // without statistics, no guarantee covers a rollback; it may be asked for all the same
		}
		signal.OnFail = OnFailRollback
		if d := Decide(p, s, wellPassed()); d.Verdict != Rollback {
			t.Errorf("%s as a guardrail: %s %s", signal.Name, d.Verdict, d.Reason)
		}
	}
}

// Expressions over several signals: true passes, false does what the rule says,
// and what cannot be evaluated holds, whatever the rule says.
func TestRules(t *testing.T) {
	t.Parallel()
	yes := func([]SignalStatus) (bool, error) { return true, nil }
	no := func([]SignalStatus) (bool, error) { return false, nil }
	broken := func([]SignalStatus) (bool, error) { return false, errors.New("no such field") }
	for _, tc := range []struct {
		name    string
		onFail  string
		is      func([]SignalStatus) (bool, error)
		verdict Verdict
		reason  string
		warn    int
	}{
		{"true", OnFailRollback, yes, Promote, AllPass, 0},
		{"false rolls back", OnFailRollback, no, Rollback, "P6_RULE:both", 0},
		{"false holds", OnFailHold, no, Hold, "P8_RULE:both", 0},
		{"false holds where nothing is said", "", no, Hold, "P8_RULE:both", 0},
		{"false warns", OnFailWarn, no, Promote, AllPass, 1},
		{"an error holds", OnFailRollback, broken, Hold, "P7_RULE_UNKNOWN:both", 0},
		{"an error of a goal warns", OnFailWarn, broken, Promote, AllPass, 1},
		{"not compiled", OnFailRollback, nil, Hold, "P7_RULE_UNKNOWN:both", 0},
	} {
		p, s := everyKind()
		p.Rules = []Rule{{Name: "both", Expr: "true", OnFail: tc.onFail}}
		rules := Rules{}
		if tc.is != nil {
			rules["both"] = tc.is
		}
		d := rules.Decide(p, s, wellPassed())
		if d.Verdict != tc.verdict || d.Reason != tc.reason || len(d.Warn) != tc.warn {
			t.Errorf("%s: %s %s %v, want %s %s", tc.name, d.Verdict, d.Reason, d.Warn, tc.verdict, tc.reason)
		}
	}
	p, s := everyKind()
	p.Rules = []Rule{{Name: "panics", Expr: "true"}}
	d := Rules{"panics": func(all []SignalStatus) (bool, error) { return all[99].N > 0, nil }}.Decide(p, s, wellPassed())
	if d.Verdict != Hold {
		t.Errorf("a rule that panics: %s", d.Verdict)
	}
}
