package gate

import (
	"testing"
)

func TestSelfTestOfProfiles(t *testing.T) {
	t.Parallel()
	for _, name := range Profiles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := Profile(name)
			got, err := Rules(nil).SelfTest(p)
			if err != nil || !got.Blocks {
				t.Errorf("blocks %v, %v: %v", got.Blocks, err, got.Failed())
			}
			for _, trial := range got.Trials {
				t.Logf("%-50s %s %s %d", trial, trial.Verdict, trial.Reason, trial.N)
			}
			if got.Trials[0].Blocked {
				t.Errorf("a healthy build is blocked: %+v", got.Trials[0])
			}
		})
	}
}

func TestSelfTestOfEveryKind(t *testing.T) {
	t.Parallel()
	p, _ := everyKind()
	for _, estimator := range []string{AsymptoticCS, Betting} {
		p.Comparison.Estimator = estimator
		got, err := Rules(nil).SelfTest(p)
		if err != nil || !got.Blocks || got.Trials[0].Blocked {
			t.Errorf("%s: blocks %v, %v: %v; healthy %+v", estimator, got.Blocks, err, got.Failed(), got.Trials[0])
		}
	}
}

// TestSelfTestFinds shows policies that cannot block.
func TestSelfTestFinds(t *testing.T) {
	t.Parallel()
	goal := func(p *Policy) {
		for i := range p.Signals {
			p.Signals[i].OnFail, p.Signals[i].Required = OnFailWarn, false
		}
	}
	for name, change := range map[string]func(*Policy){
		"goals alone": goal,
		"a threshold at nothing, and no comparison": func(p *Policy) {
			for i := range p.Signals {
				p.Signals[i].Relative.RequireNI = Never
			}
			s := &p.Signals[2]
			s.Promote, s.Rollback, s.Tolerance = 0.001, 0.0001, 0
			p.Comparison.BurnInPerArm = 1_000_000
		},
	} {
		p := DefaultPolicy()
		change(&p)
		if got, err := Rules(nil).SelfTest(p); err != nil || got.Blocks {
			t.Errorf("%s: it blocks, %v: %+v", name, err, got.Trials)
		}
	}
	if _, err := Rules(nil).SelfTest(Policy{}); err == nil {
		t.Error("an invalid policy was tested")
	}
}
