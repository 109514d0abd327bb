package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/gate"
)

// answers is an API that answers each path with a document.
func answers(docs map[string]string) Call {
	return func(_ context.Context, _, path string, _, out any) error {
		doc, ok := docs[path]
		if !ok {
			return errors.New("nothing at " + path)
		}
		return json.Unmarshal([]byte(doc), out)
	}
}

func verdictDoc(percentStep int, verdict, reason, cited string) string {
	return `{"id":"v","verdict":"` + verdict + `","reason":"` + reason + `","at":"2026-11-22T10:00:00Z","milestone":` +
		string(rune('0'+percentStep)) + `,"signals":[{"name":"evidence_coverage","status":"PASS","n_t":` + cited + `},{"name":"safety_pass_rate","status":"PASS","n_t":7}]}`
}

func ended(id string, a agent, state string, milestone, percent int) release {
	r := release{ID: id, Flag: a.flag, Build: a.new, State: state}
	r.Milestone.Index, r.Milestone.Percent, r.Milestone.Of = milestone, percent, []int{1, 5, 10, 100}
	r.Change.Instances, r.Change.Confirmed, r.Change.SlowestMS = 12, 11, 28
	return r
}

var story = map[string]string{
	"/api/v1/releases/good/verdicts?limit=1000": `{"verdicts":[` + verdictDoc(0, "HOLD", "P9_MIN_DURATION", "60") + `,` +
		verdictDoc(0, "HOLD", "P12_HYSTERESIS", "80") + `,` + verdictDoc(0, "PROMOTE", "P13_ALL_PASS", "90") + `]}`,
	"/api/v1/releases/bad/verdicts?limit=1000": `{"verdicts":[` + verdictDoc(1, "PROMOTE", "P13_ALL_PASS", "150") + `,` +
		verdictDoc(2, "HOLD", "P8_BELOW_PROMOTE:evidence_coverage", "200") + `,` +
		verdictDoc(2, "ROLLBACK", "P6_REGRESSION:evidence_coverage", "260") + `]}`,
	"/api/v1/audit/records?limit=1000&cursor=": `{"next":"n","records":[
		{"ts":"2026-11-22T10:00:00.000Z","type":"release.milestone.promote","cor":{"rollout":"bad"}},
		{"ts":"2026-11-22T10:00:05.000Z","type":"release.milestone.promote","cor":{"rollout":"bad"}},
		{"ts":"2026-11-22T10:00:07.000Z","type":"release.milestone.promote","cor":{"rollout":"good"}}]}`,
	"/api/v1/audit/records?limit=1000&cursor=n": `{"records":[{"ts":"2026-11-22T10:00:08.250Z","type":"release.milestone.rollback","cor":{"rollout":"bad"}}]}`,
}

func TestReport(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		good, bad string
		ok        bool
	}{
		"as it should be":        {"completed", "rolled_back", true},
		"the good one is not":    {"rolled_back", "rolled_back", false},
		"the bad one gets by":    {"completed", "completed", false},
		"neither reaches an end": {"running", "running", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := report(t.Context(), answers(story), []release{
				ended("good", agents[0], tc.good, 3, 100), ended("bad", agents[1], tc.bad, 2, 0),
			})
			if err != nil || got.OK != tc.ok {
				t.Fatalf("ok %v, %v, want %v", got.OK, err, tc.ok)
			}
			if tc.bad == "rolled_back" && (got.Releases[1].FirstBadToVerdictMS != 3250 || got.Releases[1].BadCases != 110) {
				t.Errorf("%d ms and %d cases to the rollback, want 3250 and 110", got.Releases[1].FirstBadToVerdictMS, got.Releases[1].BadCases)
			}
		})
	}
	if _, err := report(t.Context(), answers(nil), nil); err == nil {
		t.Error("a report without a log")
	}
}

func TestReportPrint(t *testing.T) {
	t.Parallel()
	r, err := report(t.Context(), answers(story), []release{
		ended("good", agents[0], "completed", 3, 100), ended("bad", agents[1], "rolled_back", 2, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	const want = `
BUILD         SERVED  VERDICT   CASES  REASON
support-2.0   1 %     HOLD      80     P12_HYSTERESIS
support-2.0   1 %     PROMOTE   90     P13_ALL_PASS
research-4.0  5 %     PROMOTE   150    P13_ALL_PASS
research-4.0  10 %    HOLD      200    P8_BELOW_PROMOTE:evidence_coverage
research-4.0  10 %    ROLLBACK  260    P6_REGRESSION:evidence_coverage

support-2.0 is completed at 100 %
  verdict to the last SDK serving it      28 ms, 11 of 12 SDKs confirmed
research-4.0 is rolled back at 0 %
  first bad evidence to verdict         3250 ms, 110 bad cases
  verdict to the last SDK serving it      28 ms, 11 of 12 SDKs confirmed
`
	if d := cmp.Diff(want[1:], out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := r.FinalVerdicts(); len(got) != 2 {
		t.Errorf("final verdicts %v", got)
	}
}

func TestBadCases(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		all  []brief
		want int64
	}{
		"none":                 {nil, 0},
		"without a promotion":  {[]brief{{"ROLLBACK", "P5_SEVERE:a", 40}}, 40},
		"since the last":       {[]brief{{"PROMOTE", "P13_ALL_PASS", 10}, {"PROMOTE", "P13_ALL_PASS", 30}, {"HOLD", "P9", 35}, {"ROLLBACK", "P5_SEVERE:a", 40}}, 10},
		"a rule of no signal":  {[]brief{{"PROMOTE", "P13_ALL_PASS", 10}, {"ROLLBACK", "P2_CRITICAL_EVENT", 40}}, 0},
		"of another's signals": {[]brief{{"ROLLBACK", "P5_SEVERE:b", 40}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []verdict
			for _, one := range tc.all {
				var v verdict
				doc := `{"verdict":"` + one.verdict + `","reason":"` + one.reason + `","signals":[{"name":"a"}]}`
				if err := json.Unmarshal([]byte(doc), &v); err != nil {
					t.Fatal(err)
				}
				v.Signals[0].N = one.n
				all = append(all, v)
			}
			if got := badCases(all); got != tc.want {
				t.Errorf("%d cases, want %d", got, tc.want)
			}
		})
	}
}

// brief is a verdict with one signal, a, of n cases.
type brief struct {
	verdict, reason string
	n               int64
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := &progress{out: &out, begin: time.Now()}
	now := ended("r", agents[0], "running", 0, 1)
	log.started(now)
	step := func(change func(*release)) {
		next := now
		change(&next)
		log.changed(now, next)
		now = next
	}
	step(func(r *release) { r.Live = &verdict{Verdict: "HOLD", Reason: "P9_MIN_DURATION"} })
	step(func(*release) {}) // nothing worth telling
	step(func(r *release) { r.Milestone.Index, r.Milestone.Percent = 1, 5 })
	step(func(r *release) {
		r.State, r.Live, r.Verdict, r.Milestone.Percent = "rolled_back", nil, &verdict{Verdict: "ROLLBACK", Reason: "P5_SEVERE:x"}, 0
	})
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line)[2:], " "))
	}
	want := []string{
		"support-2.0 1 % START 1% > . > . > .",
		"support-2.0 1 % HOLD P9_MIN_DURATION",
		"support-2.0 5 % PROMOTE 1% > 5% > . > .",
		"support-2.0 0 % ROLLBACK P5_SEVERE:x",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestPlan shortens durations of agent-default, says which, and changes
// nothing else.
func TestPlan(t *testing.T) {
	t.Parallel()
	p, changes := plan(2 * time.Second)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(describe(changes)) != len(changes) || len(changes) == 0 {
		t.Errorf("described: %v", describe(changes))
	}
	got, _ := gate.Profile(gate.AgentDefault)
	got.Metadata.Name = p.Policy.Metadata.Name
	got.Evidence, got.Hysteresis, got.HoldRule = p.Policy.Evidence, p.Policy.Hysteresis, p.Policy.HoldRule
	if d := cmp.Diff(got, p.Policy); d != "" {
		t.Errorf("more than durations is changed:\n%s", d)
	}
	want, _ := gate.Profile(gate.AgentDefault)
	for _, counts := range [][2]any{
		{want.Evidence.MinExposuresPerArm, p.Policy.Evidence.MinExposuresPerArm},
		{want.Evidence.MinStepExposures, p.Policy.Evidence.MinStepExposures},
		{want.Evidence.MinTelemetryCoverage, p.Policy.Evidence.MinTelemetryCoverage},
		{want.Hysteresis.ConsecutivePasses, p.Policy.Hysteresis.ConsecutivePasses},
		{want.HoldRule.OnTimeout, p.Policy.HoldRule.OnTimeout},
	} {
		if counts[0] != counts[1] {
			t.Errorf("%v became %v", counts[0], counts[1])
		}
	}
}
