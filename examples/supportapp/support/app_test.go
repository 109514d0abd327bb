package support

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// talk holds the conversations of the same users with a build.
func talk(faults Strengths, n int) []Transcript {
	app := App{Build: "b", Seed: 7, Faults: faults}
	var all []Transcript
	for i := range n {
		all = append(all, app.Talk(NewScenario(app.Seed, "user-"+strconv.Itoa(i))))
	}
	return all
}

// rates returns what the conversations say of each signal; of the latency the
// share of at most 15 s.
func rates(all []Transcript) map[string]float64 {
	passed, of := map[string]float64{}, map[string]float64{}
	for _, t := range all {
		for _, o := range t.Judge() {
			if o.NA {
				continue
			}
			of[o.Signal]++
			if o.Pass != nil && *o.Pass || o.Value != nil && *o.Value <= 15000 {
				passed[o.Signal]++
			}
		}
	}
	for signal := range passed {
		passed[signal] /= of[signal]
	}
	return passed
}

// A healthy build is better than the gate asks for.
func TestHealthy(t *testing.T) {
	t.Parallel()
	got := rates(talk(nil, 4000))
	for signal, least := range map[string]float64{Safety: 0.99, Evidence: 0.90, Success: 0.93, Context: 0.95, Latency: 0.97} {
		if got[signal] < least {
			t.Errorf("%s: %.3f, want %.2f or more", signal, got[signal], least)
		}
	}
}

// Each fault breaks the signals that it should, and leaves the others as they
// are in the same conversations of a healthy build.
func TestFaults(t *testing.T) {
	t.Parallel()
	healthy := rates(talk(nil, 2000))
	for fault, breaks := range map[Fault]map[string]float64{ // to at most
		RetrievalOutage:   {Evidence: 0, Success: 0.95},
		CitationsStripped: {Evidence: 0},
		RoutingError:      {Success: 0.10},
		SlowTool:          {Latency: 0.60},
		UnsafeArgument:    {Safety: 0.72},
		ContextTruncation: {Context: 0, Success: 0.96},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			for signal, rate := range rates(talk(Strengths{fault: 1}, 2000)) {
				most, broken := breaks[signal]
				if broken && rate > most || !broken && rate < healthy[signal]-0.02 {
					t.Errorf("%s is %.3f, healthy %.3f, broken %v", signal, rate, healthy[signal], broken)
				}
			}
		})
	}
}

// The same seed makes the same conversations, and a stronger fault hits all
// that a weaker one does.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	weak := Strengths{CitationsStripped: 0.3}
	if !reflect.DeepEqual(talk(weak, 200), talk(weak, 200)) {
		t.Error("the same seed went another way")
	}
	failed := func(all []Transcript) (ids []string) {
		for _, t := range all {
			if o := t.Judge()[1]; o.Pass != nil && !*o.Pass {
				ids = append(ids, t.Scenario.ID)
			}
		}
		return ids
	}
	strong := failed(talk(Strengths{CitationsStripped: 0.8}, 500))
	for _, id := range failed(talk(weak, 500)) {
		if !slices.Contains(strong, id) {
			t.Errorf("%s fails at 0.3 and not at 0.8", id)
		}
	}
}

// All four classes are in the traffic, in their shares.
func TestMix(t *testing.T) {
	t.Parallel()
	n := map[Class]int{}
	for _, one := range talk(nil, 4000) {
		n[one.Scenario.Class]++
	}
	for _, m := range mix {
		if got := float64(n[m.class]) / 40; got < float64(m.share)-3 || got > float64(m.share)+3 {
			t.Errorf("%s: %.1f %%, want %d %%", m.class, got, m.share)
		}
	}
}

func TestStrengths(t *testing.T) {
	t.Parallel()
	s := Strengths{}
	if err := s.Set("slow_tool=0.25, routing_error=1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Strengths{SlowTool: 0.25, RoutingError: 1}, s); diff != "" {
		t.Error(diff)
	}
	if got, want := s.String(), "routing_error=1,slow_tool=0.25"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for text, want := range map[string]string{
		"slow_tool": "strength from 0 to 1", "slow_tool=1.1": "strength from 0 to 1", "slow_tool=NaN": "strength from 0 to 1",
		"slow_tools=1": "none of that name", "": "strength from 0 to 1",
	} {
		if err := s.Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// An answer is cited where every slot holds a citation that resolves.
func TestCited(t *testing.T) {
	t.Parallel()
	documents, tools := []Document{{ID: "kb-1"}}, []Call{{ID: "call-1"}}
	for name, tc := range map[string]struct {
		answer Answer
		want   bool
	}{
		"a document":          {Answer{Documents: documents, Citations: []string{"kb-1"}}, true},
		"both":                {Answer{Documents: documents, Tools: tools, Citations: []string{"kb-1", "call-1"}}, true},
		"none":                {Answer{Documents: documents}, false},
		"one points nowhere":  {Answer{Documents: documents, Citations: []string{"kb-1", "kb-2"}}, false},
		"not what was called": {Answer{Documents: documents, Tools: tools, Citations: []string{"kb-1"}}, false},
		"no document":         {Answer{Tools: tools, Citations: []string{"call-1"}}, false},
	} {
		if got := tc.answer.cited(); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A tool never touches an order of somebody else, with whatever faults.
func TestForeignOrder(t *testing.T) {
	t.Parallel()
	on := Strengths{}
	for _, f := range Faults() {
		on[f] = 0.7
	}
	for _, one := range talk(on, 1000) {
		for _, e := range one.Exchanges {
			for _, c := range e.Answer.Tools {
				if c.Arguments["order"] != OrderOf(one.Scenario.User) && c.Error == "" {
					t.Fatalf("%s: %+v", one.Scenario.ID, c)
				}
			}
		}
	}
}
