package evidence

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

func TestNDJSONLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		line  string
		cause gate.Cause // "" for accepted
		want  string     // the beginning of the error
	}{
		{"rate", line(), "", ""},
		{"exposure", line("signal="+`"exposure"`, "pass="), "", ""},
		{"latency", line(`signal="p95_latency_ms"`, "pass=", "value=8123"), "", ""},
		{"not applicable", line("pass=", "na=true"), "", ""},
		{"critical", line(`signal="safety_pass_rate"`, "pass=false", `severity="critical"`), "", ""},
		{"optional fields", line(`id="x"`, `case="c"`, `case_class="live"`, `evaluator={"id":"e","version":"1","kind":"code"}`), "", ""},
		{"another zone", line(`at="2026-11-22T21:59:00+10:00"`), "", ""},
		{"at the edge of the skew", line(`at="2026-11-22T12:05:00Z"`), "", ""},
		{"foreign build", line(`build="b9"`), "", ""},

		{"not JSON", "hello", gate.Malformed, "want a JSON object"},
		{"cut off", `{"at":"2026`, gate.Malformed, "at: not JSON"},
		{"two documents", line() + line(), gate.Malformed, "not JSON"},
		{"a list", "[" + line() + "]", gate.Malformed, "want a JSON object"},
		{"NaN", line(`signal="p95_latency_ms"`, "pass=", "value=NaN"), gate.BadValue, "value: not JSON"},
		{"Infinity", line("value=-Infinity"), gate.BadValue, "value: not JSON"},
		{"1e999", line(`signal="p95_latency_ms"`, "pass=", "value=1e999"), gate.BadValue, "value: want a number"},
		{"unknown field", line("passs=true"), gate.Malformed, "passs: is not a field"},
		{"unknown field below", line(`evaluator={"name":"x"}`), gate.Malformed, "name: is not a field"},
		{"wrong type", line("unit=7"), gate.Malformed, "unit: want"},
		{"wrong type of the outcome", line(`pass="yes"`), gate.BadValue, "pass: want true or false"},
		{"no time", line("at="), gate.Malformed, "at: want a time"},
		{"no zone", line(`at="2026-11-22T11:59:00"`), gate.Malformed, "at: want a time"},
		{"no arm", line("arm="), gate.Malformed, "arm: want treatment or control"},
		{"rest", line(`arm="rest"`), gate.Malformed, "arm: want treatment or control"},
		{"no unit", line(`unit=""`), gate.Malformed, "unit: must not be empty"},
		{"no build", line("build="), gate.Malformed, "build: must not be empty"},
		{"no signal", line("signal="), gate.Malformed, "signal: must not be empty"},
		{"no outcome", line("pass="), gate.BadValue, "pass: want an outcome"},
		{"negative latency", line(`signal="p95_latency_ms"`, "pass=", "value=-1"), gate.BadValue, "value: want 0 or more"},
		{"latency as a rate", line(`signal="p95_latency_ms"`), gate.BadValue, "value: of p95_latency_ms"},
		{"rate as a number", line("pass=", "value=1"), gate.BadValue, "pass: of evidence_coverage"},
		{"critical and passed", line(`signal="safety_pass_rate"`, `severity="critical"`), gate.BadValue, "severity: critical needs"},
		{"misspelt severity", line(`signal="safety_pass_rate"`, "pass=false", `severity="Critical"`), gate.BadValue, `severity: "Critical" is not one of none, minor`},
		{"unknown signal", line(`signal="joy"`), gate.UnknownSignal, `signal: "joy" is not one of the policy's: exposure, safety_pass_rate`},
		{"future", line(`at="2026-11-22T12:05:01Z"`), gate.Skewed, "at: is 5m1s in the future"},
		{"ancient", line(`at="2026-11-21T11:59:59Z"`), Ancient, "at: is 24h0m1s old"},
		{"year 1", line(`at="0001-01-01T00:00:01Z"`), Ancient, "at: is "},
		{"long unit", line(`unit="` + strings.Repeat("u", 257) + `"`), gate.Malformed, "unit: is longer than 256 bytes"},
		{"no release", line(`flag="other"`), gate.Foreign, `flag: no release of "other" runs in "production"`},
		{"another environment", line(`environment="staging"`), Denied, `environment: "staging" is not one that this token writes evidence in: production`},
		{"another project's flag", line(`flag="secret"`), Denied, `flag: no release of "secret" runs in "production"`},
		{"endless line", `{"at":"` + strings.Repeat("x", MaxLine) + `"}`, gate.Malformed, "the line is longer than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			policy := gate.DefaultPolicy()
			w.start("rel-2", "vault", "production", "secret", &policy)
			good := line(`unit="good"`)
			res, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(tt.line+"\n"+good+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if tt.cause == "" {
				if res.Accepted != 2 || len(w.store.lines) != 2 || w.store.lines[0] != tt.line {
					t.Fatalf("got %+v, stored %q", res, w.store.lines)
				}
				return
			}
			if len(res.Rejected) != 1 || res.Rejected[0].Line != 1 || !strings.HasPrefix(res.Rejected[0].Error, tt.want) {
				t.Errorf("got %+v, want line 1: %q", res.Rejected, tt.want)
			}
			if diff := cmp.Diff([]string{good}, w.store.lines); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if n := w.Counts("")[string(tt.cause)] + w.Counts("rel-1")[string(tt.cause)]; n != 1 {
				t.Errorf("counted %d as %s: %v, %v", n, tt.cause, w.Counts(""), w.Counts("rel-1"))
			}
		})
	}
}

func TestNDJSONBody(t *testing.T) {
	t.Parallel()
	big := strings.Repeat(line()+"\n", MaxBody/len(line())+1)
	tests := []struct {
		name   string
		sender control.Principal
		body   string
		kind   control.Kind
		want   string
	}{
		{"empty", backend("default"), "", control.Invalid, "body: holds no observation"},
		{"blank lines", backend("default"), "\n \r\n\n", control.Invalid, "body: holds no observation"},
		{"no good line", backend("default"), "\n" + line("pass=7") + "\nx\n", control.Invalid, "pass: line 2: want true or false; no other line is good"},
		{"a JSON document", backend("default"), "{\n\"observations\": []\n}\n", control.Invalid, "line 1: "},
		{"too large", backend("default"), big, control.TooLarge, "larger than 8388608 bytes"},
		{"frontend token", control.Principal{ID: "tok_f", Grants: []control.Grant{{
			Permissions: []control.Permission{control.PermClientWrite}, Projects: []string{"default"}, Environments: []string{"production"},
		}}}, line(), control.Denied, "evidence.write"},
		{"nobody", control.Principal{}, line(), control.Unauthenticated, "no valid token"},
		{"another project", backend("other"), line(), control.Invalid, "flag: line 1: no release"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.NDJSON(t.Context(), tt.sender, "", 0, strings.NewReader(tt.body))
			if kindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v (kind %d), want kind %d, %q", err, kindOf(err), tt.kind, tt.want)
			}
			if len(w.store.lines) > 0 || len(w.woken) > 0 {
				t.Errorf("stored %d lines, woke %v", len(w.store.lines), w.woken)
			}
		})
	}
}

func TestNDJSONUnreadableBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := &cutOff{strings.NewReader(line() + "\n")}
	if _, err := w.NDJSON(t.Context(), backend("default"), "", 0, body); kindOf(err) != control.Invalid || !errors.Is(err, errCutOff) {
		t.Errorf("got %v", err)
	}
	if len(w.store.lines) > 0 {
		t.Errorf("stored %q of a body that was cut off", w.store.lines)
	}
}

var errCutOff = errors.New("connection reset")

// cutOff is a body whose connection breaks where it would end.
type cutOff struct{ r *strings.Reader }

func (c *cutOff) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil {
		err = errCutOff
	}
	return n, err
}

func TestNDJSONStoresPerRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := gate.DefaultPolicy()
	w.start("rel-2", "default", "production", "other", &policy)
	body := line() + "\r\n" + line(`flag="other"`) + "\n\n  " + line(`unit="conv-2"`)
	res, err := w.NDJSON(t.Context(), backend(control.All), "", 0, strings.NewReader(body))
	if err != nil || res.Accepted != 3 || len(res.Rejected) != 0 {
		t.Fatalf("got %+v, %v", res, err)
	}
	want := []string{line(), line(`unit="conv-2"`), line(`flag="other"`)}
	if diff := cmp.Diff(want, w.store.lines); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"rel-1", "rel-2"}, w.woken); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"accepted": 2}, w.Counts("rel-1")); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestNDJSONReceivedAtIsTheServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(line(`received_at="2020-01-01T00:00:00Z"`))); err != nil {
		t.Fatal(err)
	}
	o, err := gate.ParseObservation([]byte(w.store.lines[0]))
	if err != nil || !o.ReceivedAt.IsZero() || !o.At.Equal(noon.Add(-time.Minute)) || o.Pass == nil || !*o.Pass {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestNDJSONRepeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		res, err := w.NDJSON(t.Context(), backend("default"), "edge-1", 7, strings.NewReader(line()))
		if err != nil || res.Accepted != 1 {
			t.Fatalf("got %+v, %v", res, err)
		}
	}
	if len(w.store.lines) != 1 || len(w.woken) != 1 || sum(w.Counts("rel-1")) != 1 {
		t.Errorf("stored %d, woken %v, counted %v", len(w.store.lines), w.woken, w.Counts("rel-1"))
	}
}

func TestNDJSONStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.err = errDisk
	_, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(line()))
	if kindOf(err) != control.Unavailable || !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
	if len(w.woken) > 0 || sum(w.Counts("rel-1")) > 0 {
		t.Errorf("woken %v, counted %v", w.woken, w.Counts("rel-1"))
	}
}

// An error that the store has classified keeps its kind.
func TestNDJSONStoreIsFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.err = control.Errorf(control.Limited, "full", "no space left")
	if _, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(line())); kindOf(err) != control.Limited {
		t.Errorf("got %v", err)
	}
}

func TestNDJSONListsSoManyRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := strings.Repeat("x\n", maxListed+5) + line()
	res, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(body))
	if err != nil || res.Accepted != 1 || len(res.Rejected) != maxListed || res.Unlisted != 5 {
		t.Errorf("got %d accepted, %d rejected, %d unlisted, %v", res.Accepted, len(res.Rejected), res.Unlisted, err)
	}
}

func TestMisassigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.arm = func(r control.ReleaseView, unit string) (string, bool) {
		return gate.Control, r.ID == "rel-1" && unit == "conv-1"
	}
	body := strings.Join([]string{line(), line(`arm="control"`), line(`unit="conv-2"`)}, "\n")
	res, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(body))
	if err != nil || res.Accepted != 2 {
		t.Fatalf("got %+v, %v", res, err)
	}
	want := []Rejected{{1, "arm: is treatment, but the unit is in control"}}
	if diff := cmp.Diff(want, res.Rejected); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
}

// FuzzNDJSON: every line that is not blank is accepted or rejected, and what
// is stored is what the gate's fold reads.
func FuzzNDJSON(f *testing.F) {
	f.Add(line() + "\n\n" + line("pass=NaN"))
	f.Add(line(`received_at="2026-11-22T11:59:00Z"`) + "\r\n{}\nnull")
	f.Add(strings.Repeat("a", MaxLine+1) + "\n" + line())
	f.Add(fmt.Sprintf("{%q:1}\n[[[[\n\xff\xfe", "\n"))
	f.Fuzz(func(t *testing.T, body string) {
		w := newWorld(t)
		res, err := w.NDJSON(t.Context(), admin(), "", 0, strings.NewReader(body))
		if kindOf(err) == control.Internal || kindOf(err) == control.TooLarge != (len(body) > MaxBody) {
			t.Fatal(err)
		}
		lines := 0
		for l := range strings.Lines(body) {
			if strings.TrimSpace(l) != "" {
				lines++
			}
		}
		if kindOf(err) != control.TooLarge && res.Accepted+len(res.Rejected)+res.Unlisted != lines {
			t.Errorf("%d accepted and %d rejected of %d lines", res.Accepted, len(res.Rejected), lines)
		}
		if len(w.store.lines) != res.Accepted {
			t.Errorf("%d lines stored of %d accepted", len(w.store.lines), res.Accepted)
		}
		for _, l := range w.store.lines {
			if _, err := gate.ParseObservation([]byte(l)); err != nil {
				t.Errorf("stored %q: %v", l, err)
			}
		}
	})
}

// A sender that was served a release before this process knew of it is not
// refused; where nobody can say what runs it is told to send again.
func TestEvidenceIsJudgedByWhatIsCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := gate.DefaultPolicy()
	known := maps.Clone(w.releases)
	w.start("rel-2", "default", "production", "new-flag", &policy)
	w.starting, w.releases = w.releases, known
	early := line(`flag="new-flag"`)

	w.behind = errDisk
	_, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(early))
	if kindOf(err) != control.Unavailable || len(w.store.lines) != 0 {
		t.Fatalf("while it is not known what runs: %v, stored %v", err, w.store.lines)
	}
	if _, _, err = w.Traces(t.Context(), backend("default"), jsonType, "", strings.NewReader("{}")); kindOf(err) != control.Unavailable {
		t.Errorf("OTLP, while it is not known what runs: %v", err)
	}
	w.behind = nil
	res, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(early))
	if err != nil || res.Accepted != 1 {
		t.Errorf("of a release that has just started: %+v, %v", res, err)
	}
}
