package source_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/source"
)

var (
	now     = time.Date(2026, 11, 23, 10, 0, 30, 0, time.UTC)
	release = control.ReleaseView{Release: control.Release{Flag: "agent", Environment: "production", Build: `b"2\`, Control: "b1"}}
)

// vector is an answer of one element, some seconds before now.
func vector(value string, ago int64) string {
	return fmt.Sprintf(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d.781,%q]}]}}`, now.Unix()-ago, value)
}

// ask asks a server that answers so.
func ask(t *testing.T, of gate.Source, handler http.HandlerFunc) (float64, time.Time, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	s, err := source.New(source.Options{Prometheus: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s.Figure(t.Context(), release, &of, now)
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   float64
		err    string // part of it; none where empty
	}{
		"a vector of one":      {200, vector("0.25", 10), 0.25, ""},
		"a scalar":             {200, fmt.Sprintf(`{"status":"success","data":{"resultType":"scalar","result":[%d,"3"]}}`, now.Unix()), 3, ""},
		"nothing":              {200, `{"status":"success","data":{"resultType":"vector","result":[]}}`, 0, "0 figures, want one"},
		"a matrix":             {200, `{"status":"success","data":{"resultType":"matrix","result":[]}}`, 0, `"matrix", want a scalar`},
		"NaN":                  {200, vector("NaN", 0), 0, "the figure is NaN"},
		"infinite":             {200, vector("+Inf", 0), 0, "the figure is +Inf"},
		"no number":            {200, vector("much", 0), 0, "want [seconds"},
		"old":                  {200, vector("1", 121), 0, "max_age is 2m0s"},
		"from the future":      {200, vector("1", -200), 0, "max_age is 2m0s"},
		"an error":             {400, `{"status":"error","errorType":"bad_data","error":"parse error: unexpected }"}`, 0, "parse error"},
		"half of the truth":    {200, strings.Replace(vector("1", 0), `"data"`, `"warnings":["a store is away"],"data"`, 1), 0, "a store is away"},
		"a broken proxy":       {502, `<html>`, 0, "status 502"},
		"a page":               {200, `<html>`, 0, "not JSON"},
		"another API":          {200, `{}`, 0, "has the status"},
		"more than one figure": {200, strings.Repeat(" ", 2<<20), 0, "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := ask(t, gate.Source{PromQL: "up"}, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			})
			if tc.err == "" && (err != nil || got != tc.want) || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("got %v, %v; want %v, %q", got, err, tc.want, tc.err)
			}
		})
	}
}

// TestQuestion checks what is asked, and that nobody is followed elsewhere.
func TestQuestion(t *testing.T) {
	t.Parallel()
	of := gate.Source{PromQL: `errors{build="$build",flag="$flag",env="$environment",old="$control"}`, MaxAge: gate.Duration(90 * time.Second)}
	_, at, err := ask(t, of, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query" || r.Method != http.MethodPost {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		if got, want := r.FormValue("query"), `errors{build="b\"2\\",flag="agent",env="production",old="b1"}`; got != want {
			t.Errorf("query %s, want %s", got, want)
		}
		if got := r.FormValue("lookback_delta"); got != "90" {
			t.Errorf("lookback_delta %s, want 90", got)
		}
		_, _ = w.Write([]byte(vector("1", 10)))
	})
	if want := now.Add(-10*time.Second + 781*time.Millisecond); err != nil || !at.Equal(want) {
		t.Errorf("figure of %v, %v; want %v", at, err, want)
	}
	_, _, err = ask(t, of, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusTemporaryRedirect)
	})
	if err == nil || !strings.Contains(err.Error(), "status 307") {
		t.Errorf("redirected: %v", err)
	}
}

func TestPrometheusAway(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	for name, tc := range map[string]struct{ url, err string }{
		"no server":      {"", "--prometheus-url"},
		"down":           {strings.Replace(server.URL, "//", "//user:secret@", 1), "asking Prometheus: "},
		"no address":     {"::", "want an http or https URL"},
		"not by HTTP":    {"file:///etc/passwd", "want an http or https URL"},
		"a path, rooted": {"prometheus:9090", "want an http or https URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := source.New(source.Options{Prometheus: tc.url})
			if err == nil {
				_, _, err = s.Figure(t.Context(), release, &gate.Source{PromQL: "up"}, now)
			}
			if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}

// reports is a store of impact metrics.
type reports []control.ImpactWindow

func (r reports) ImpactWindows(_ context.Context, of control.ImpactFilter) ([]control.ImpactWindow, error) {
	var out []control.ImpactWindow
	for _, w := range r {
		if w.Metric == "broken" {
			return nil, errors.New("the disk is gone")
		}
		if w.Metric == of.Metric && !w.Start.Before(of.Since) && w.Start.Before(of.Until) {
			out = append(out, w)
		}
	}
	return out, nil
}

func TestImpactMetrics(t *testing.T) {
	t.Parallel()
	minute := now.Truncate(time.Minute)
	window := func(typ string, ago time.Duration, sum float64, count int64) control.ImpactWindow {
		return control.ImpactWindow{Metric: "m", Type: typ, Start: minute.Add(-ago), Sum: sum, Count: count}
	}
	for name, tc := range map[string]struct {
		stored reports
		want   float64
		age    time.Duration
		err    string
	}{
		"a counter's rate": {
			reports{window(control.ImpactCounter, 3*time.Minute, 60, 1), window(control.ImpactCounter, time.Minute, 30, 1), window(control.ImpactCounter, time.Minute, 90, 2)},
			1, 30 * time.Second, "",
		},
		"a counter in this minute": {reports{window(control.ImpactCounter, 0, 30, 1)}, 0.5, 0, ""},
		"a gauge's mean":           {reports{window(control.ImpactGauge, time.Minute, 30, 4), window(control.ImpactGauge, 2*time.Minute, 10, 1)}, 8, 30 * time.Second, ""},
		"a histogram's mean":       {reports{window(control.ImpactHistogram, time.Minute, 5, 10)}, 0.5, 30 * time.Second, ""},
		"nobody":                   {nil, 0, 0, `nobody reported the impact metric "m" in production`},
		"long ago":                 {reports{window(control.ImpactCounter, 6*time.Minute, 30, 1)}, 0, 0, "nobody reported"},
		"of two types":             {reports{window(control.ImpactCounter, 0, 1, 1), window(control.ImpactGauge, 0, 1, 1)}, 0, 0, "is a counter in one series and a gauge in another"},
		"a store that fails":       {reports{{Metric: "broken"}}, 0, 0, "the disk is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := source.New(source.Options{Impact: tc.stored})
			if err != nil {
				t.Fatal(err)
			}
			got, at, err := s.Figure(t.Context(), release, &gate.Source{ImpactMetric: "m"}, now)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want || now.Sub(at) != tc.age {
				t.Errorf("got %v, of %v before, %v; want %v, of %v before", got, now.Sub(at), err, tc.want, tc.age)
			}
		})
	}
}
