package unleash_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
)

// TestImpact sends what Unleash's SDKs send, well formed and not.
func TestImpact(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	const counter = `{"name":"orders total","help":"","type":"counter","samples":[{"labels":{"appName":"shop","n":5},"value":3}]}`
	send := func(instance, start, impact string) {
		t.Helper()
		p.want(t, http.StatusAccepted, "POST", "/api/client/metrics", backend, `{"appName":"shop","instanceId":"`+instance+`",
			"bucket":{"start":"2026-11-22T09:`+start+`Z","stop":"2026-11-22T09:59:30Z","toggles":{}},"impactMetrics":`+impact+`}`)
	}
	send("i1", "58:00", "["+counter+"]")
	send("i1", "58:00", "["+counter+"]") // a repeat
	send("i1", "59:00", "["+counter+"]")
	send("default", "59:00", "["+counter+"]") // what is not told apart is not a repeat
	send("default", "59:00", "["+counter+"]")
	p.want(t, http.StatusAccepted, "POST", "/api/client/metrics", backend, `{"appName":"shop","bucket":null,"impactMetrics":[`+counter+`]}`)
	p.want(t, http.StatusAccepted, "POST", "/api/client/metrics/bulk", backend, `{"applications":[],"metrics":[],"impactMetrics":[`+counter+`,
		{"name":"9lives","help":"","type":"gauge","samples":[{"value":1.5,"labels":{"appName":"shop"}},{"value":2.5,"labels":{"appName":"shop"}},{"value":7}]},
		{"name":"took","help":"","type":"histogram","samples":[{"labels":{"appName":"shop"},"count":3,"sum":0.6,
			"buckets":[{"le":0.1,"count":1},{"le":0.5,"count":3},{"le":"+Inf","count":3}]}]}]}`)
	for _, bad := range []string{
		`"text"`, `[1]`, `[{"name":"x"}]`, `[{"name":"x","type":"counter","samples":{}}]`, `[{"name":"","type":"counter","samples":[{"value":1}]}]`,
		`[{"name":"x","type":"counter","samples":[{"value":-1}]}]`, `[{"name":"x","type":"counter","samples":[{}]}]`,
		`[{"name":"x","type":"sum","samples":[{"value":1}]}]`, `[{"name":"x","type":"counter","samples":[{"value":1e999}]}]`,
		`[{"name":"x","type":"counter","samples":[{"value":1,"labels":{"a":{}}}]}]`,
		`[{"name":"x","type":"counter","samples":[{"value":1,"labels":{"a":"` + strings.Repeat("x", 300) + `"}}]}]`,
		`[{"name":"x","type":"histogram","samples":[{"count":1,"sum":1,"buckets":[]}]}]`,
		`[{"name":"x","type":"histogram","samples":[{"count":1,"sum":1,"buckets":[{"le":1,"count":1}]}]}]`,
		`[{"name":"x","type":"histogram","samples":[{"count":1,"sum":1,"buckets":[{"le":2,"count":1},{"le":1,"count":1},{"le":"+Inf","count":1}]}]}]`,
		`[{"name":"x","type":"histogram","samples":[{"count":1,"sum":1,"buckets":[{"le":"big","count":1},{"le":"+Inf","count":1}]}]}]`,
	} {
		send("bad", "00:00", bad)
	}
	p.flush(t)
	minute, now := time.Date(2026, 11, 22, 9, 59, 0, 0, time.UTC), today
	window := func(metric, typ, labels string, start time.Time, count int64, sum, least, most float64, buckets map[string]int64) control.ImpactWindow {
		return control.ImpactWindow{
			Environment: "development", App: "shop", Metric: metric, Type: typ, Labels: labels, Start: start,
			Count: count, Sum: sum, Min: least, Max: most, Buckets: buckets,
		}
	}
	const labels, app = `{"appName":"shop","n":"5"}`, `{"appName":"shop"}`
	for metric, want := range map[string][]control.ImpactWindow{
		"orders_total": {
			window("orders_total", "counter", labels, minute, 4, 12, 3, 3, nil), window("orders_total", "counter", labels, now, 2, 6, 3, 3, nil),
		},
		"_9lives": {window("_9lives", "gauge", app, now, 2, 4, 1.5, 2.5, nil)},
		"took":    {window("took", "histogram", app, now, 3, 0.6, 0.6, 0.6, map[string]int64{"0.1": 1, "0.5": 3, "+Inf": 3})},
		"x":       nil,
	} {
		got, err := p.store.ImpactWindows(t.Context(), control.ImpactFilter{Environment: "development", Metric: metric, Until: today.Add(time.Hour)})
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s, %v (-want +got):\n%s", metric, err, d)
		}
	}
}
