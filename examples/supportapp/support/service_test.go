package support_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/examples/supportapp/support"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

const flagName = "support-agent"

// newService returns the app in a release at 50 %.
func newService(t *testing.T, seed uint64, faults support.Strengths, options ...func(*sdk.Options)) *support.Service {
	t.Helper()
	o := sdk.Options{Environment: "production", Bootstrap: support.Rollout(flagName, release(seed), 50)}
	for _, option := range options {
		option(&o)
	}
	s, err := startService(t.Context(), o, seed, faults)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Flags.Close() })
	return s
}

func startService(ctx context.Context, o sdk.Options, seed uint64, faults support.Strengths) (*support.Service, error) {
	client, err := sdk.New(ctx, o)
	return &support.Service{
		Flags: client, Flag: flagName,
		Old: support.App{Build: "b1", Seed: seed}, New: support.App{Build: "b2", Seed: seed, Faults: faults},
	}, err
}

func release(seed uint64) string { return "release-" + strconv.FormatUint(seed, 10) }

// The SDK's arm decides which build answers, and the evidence says so: to the
// server by Track, and as lines that the gate takes.
func TestService(t *testing.T) {
	t.Parallel()
	var tracked []sdk.Tracked
	exposed := 0
	s := newService(t, 1, support.Strengths{support.CitationsStripped: 1}, func(o *sdk.Options) {
		o.OnTrack = func(t sdk.Tracked) { tracked = append(tracked, t) }
		o.OnExposure = func(sdk.Exposure) { exposed++ }
	})
	for i := range 200 {
		user := "user-" + strconv.Itoa(i)
		r := s.Talk(support.NewScenario(1, user))
		build := map[string]string{eval.Treatment: "b2", eval.Control: "b1"}[eval.ArmOf(release(1), user, 50)]
		if r.Build != build {
			t.Fatalf("%s is answered by %s, want %s", user, r.Build, build)
		}
		lines := r.Observations(time.Unix(0, 0).UTC(), "production", flagName)
		if len(lines) != 6 || lines[0].Signal != "exposure" {
			t.Fatalf("lines %+v", lines)
		}
		for _, line := range lines {
			raw, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			if o, err := gate.ParseObservation(raw); err != nil || o.Arm != r.Arm || o.Build != build {
				t.Fatalf("%s: %+v, %v", raw, o, err)
			}
		}
	}
	if len(tracked) != 1000 || exposed != 200 {
		t.Errorf("%d outcomes and %d exposures, want 1000 and 200", len(tracked), exposed)
	}
}

// Without a release the old build answers, and there is no evidence.
func TestNoRelease(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil, func(o *sdk.Options) { o.Bootstrap = []byte(`{"version":2,"features":[]}`) })
	r := s.Talk(support.NewScenario(1, "u"))
	if r.Build != "b1" || r.Arm != "" || r.Observations(time.Now(), "e", flagName) != nil {
		t.Errorf("%+v", r)
	}
}

const question = `{"conversation":"c","user":"u","messages":[{"role":"user","text":"How long is the link to reset my password valid?"}]}`

func TestHandler(t *testing.T) {
	t.Parallel()
	h := newService(t, 1, nil).Handler()
	post := func(path, body string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	for _, tc := range []struct {
		path, body string
		code       int
		has        string
	}{
		{"/answer", question, 200, "20 minutes"},
		{"/talk", `{"user":"u"}`, 200, `"outcomes"`},
		{"/talk", `{}`, 400, "user: must not be empty"},
		{"/answer", `{`, 400, "unexpected EOF"},
		{"/answer", `{"conversation":"c","messages":[]}`, 400, "user: must not be empty"},
		{"/answer", `{"conversation":"c","user":"u","messages":[]}`, 400, "messages: want one or more"},
		{"/answer", `{"conversation":"c","user":"u","messages":[{"role":"system"},{"role":"user"}]}`, 400, "messages[0].role"},
		{"/answer", `"` + strings.Repeat("x", 2<<20), 400, "too large"},
	} {
		if code, body := post(tc.path, tc.body); code != tc.code || !strings.Contains(body, tc.has) {
			t.Errorf("%s %.60s: %d %s, want %d with %q", tc.path, tc.body, code, body, tc.code, tc.has)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	var out strings.Builder
	if err := s.Lines(strings.NewReader(question+"\n{}\n"+question), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || lines[0] != lines[2] || lines[1] != `{"error":"conversation: must not be empty"}` {
		t.Errorf("%q", lines)
	}
	if err := s.Lines(strings.NewReader("no JSON"), &out); err == nil {
		t.Error("no error")
	}
}

// The gate lets the healthy build through, and says of each fault which
// signal it broke.
func TestReplay(t *testing.T) {
	t.Parallel()
	policy := gate.DefaultPolicy()
	policy.Steps = []gate.Step{{Percent: 50}, {Percent: 100, Final: true}}
	want := map[support.Fault]string{
		support.RetrievalOutage: support.Evidence, support.CitationsStripped: support.Evidence,
		support.RoutingError: support.Success, support.SlowTool: support.Latency,
		support.UnsafeArgument: support.Safety, support.ContextTruncation: support.Context,
	}
	for _, fault := range append(support.Faults(), "") {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			s := newService(t, 3, support.Strengths{fault: 0.8})
			var lines [][]byte
			for i := range 4000 {
				r := s.Talk(support.NewScenario(3, "user-"+strconv.Itoa(i)))
				for _, o := range r.Observations(time.Unix(int64(i), 0).UTC(), "production", flagName) {
					line, err := json.Marshal(o)
					if err != nil {
						t.Fatal(err)
					}
					lines = append(lines, line)
				}
				if fault != "" && i == 2000 {
					break
				}
			}
			got, err := gate.Replay(policy, slices.Values(lines), time.Minute, func(gate.Transition) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			state, _, _ := strings.Cut(got.Reason, ":")
			_, signal, _ := strings.Cut(got.Reason, ":")
			ended := map[bool]string{true: gate.Completed, false: gate.WasRolledBack}[fault == ""]
			if diff := cmp.Diff([]string{ended, want[fault]}, []string{got.State, signal}); diff != "" {
				t.Errorf("%s after %d evaluations: %s", state, got.Evaluations, diff)
			}
		})
	}
}
