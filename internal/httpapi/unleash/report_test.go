package unleash_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
)

func TestReports(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	send := func(path, token, body string, header ...string) {
		t.Helper()
		if w := p.do(t, "POST", path, token, body, header...); w.Code != http.StatusAccepted || w.Body.Len() > 0 {
			t.Fatalf("POST %s: %d %s, want 202", path, w.Code, w.Body)
		}
	}
	const metrics = "/api/client/metrics"
	send("/api/client/register", backend, `{"appName":"shop","instanceId":"i1","started":1795341600000,"interval":1}`, "unleash-sdk", "node:6")
	send(metrics, backend, `{"appName":"shop","instanceId":"i1","bucket":{"start":"2026-11-22T08:59:00Z","stop":"2026-11-22T09:00:01Z",
		"toggles":{"f":{"yes":3,"no":1,"variants":{"red":3}},"idle":{"yes":0,"no":0},"not a flag":{"yes":1,"no":1},"unborn":{"yes":1,"no":0}}},
		"lockflight":{"applied":[{"seq":12,"at":"2026-11-22T09:00:00.25Z"},{"seq":14,"at":"2026-11-22T09:00:01Z"}]}}`)
	send(metrics, backend, `{"appName":"shop","bucket":{"start":"2026-11-22T09:58:00+01:00","stop":"2026-11-22T10:59:59+01:00","toggles":{"f":{"yes":2,"no":0,"variants":{"red":1,"blue":1}}}}}`)
	send(metrics, onlyBlue, `{"appName":"shop","bucket":{"start":0,"stop":"2026-11-22T09:10:00Z","toggles":{"f":{"yes":100,"no":0}}}}`)
	send(metrics+"/bulk", backend, `{"applications":[
			{"appName":"edge-app","instanceId":"e1","environment":"development","sdkVersion":"java:9"},
			{"appName":"edge-app","instanceId":"e2","environment":"production"}],
		"metrics":[
			{"featureName":"f","appName":"edge-app","environment":"development","timestamp":"2026-11-22T07:30:00Z","yes":5,"no":0},
			{"featureName":"f","appName":"edge-app","environment":"production","timestamp":"2026-11-22T07:30:00Z","yes":7,"no":0}]}`)
	p.flush(t)

	at := func(hour int) time.Time { return time.Date(2026, 11, 22, hour, 0, 0, 0, time.UTC) }
	usage, err := p.store.Usage(t.Context(), "f", at(0))
	want := []control.Usage{
		{Flag: "f", Environment: "development", App: "edge-app", Hour: at(7), Yes: 5},
		{Flag: "f", Environment: "development", App: "shop", Hour: at(9), Yes: 5, No: 1, Variants: map[string]int64{"red": 4, "blue": 1}},
	}
	if diff := cmp.Diff(want, usage); diff != "" || err != nil {
		t.Errorf("usage of f, %v (-want +got):\n%s", err, diff)
	}
	for flag, rows := range map[string]int{"unborn": 0, "idle": 0, "not a flag": 0} {
		if usage, err := p.store.Usage(t.Context(), flag, at(0)); err != nil || len(usage) != rows {
			t.Errorf("usage of %q = %v, %v, want %d rows", flag, usage, err, rows)
		}
	}
	instances, err := p.store.Instances(t.Context(), "development", at(0))
	wantInstances := []control.Instance{
		{App: "edge-app", ID: "e1", Environment: "development", SDK: "java:9", SeenAt: today},
		{App: "shop", ID: "default", Environment: "development", SeenAt: today, Projects: []string{"blue"}},
		{App: "shop", ID: "i1", Environment: "development", SDK: "node:6", SeenAt: today, Projects: []string{control.All}},
	}
	if diff := cmp.Diff(wantInstances, instances); diff != "" || err != nil {
		t.Errorf("instances, %v (-want +got):\n%s", err, diff)
	}
	receipts, err := p.store.Receipts(t.Context(), "development", 13)
	wantReceipts := []control.Receipt{{App: "shop", Instance: "i1", Environment: "development", Seq: 14, AppliedAt: at(9).Add(time.Second), Since: at(9).Add(250 * time.Millisecond)}}
	if diff := cmp.Diff(wantReceipts, receipts); diff != "" || err != nil {
		t.Errorf("receipts, %v (-want +got):\n%s", err, diff)
	}
}

// counter is a control.UsageStore that counts what it is given.
type counter struct {
	control.UsageStore
	mu     sync.Mutex
	writes int
	yes    int64
	err    error
}

func (c *counter) AddReports(_ context.Context, in control.Reports) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	for _, u := range in.Usage {
		c.yes += u.Yes
	}
	return c.err
}

// TestBatching writes once a second, whatever comes, at the end what is left,
// and nothing twice when the store fails.
func TestBatching(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlane(t)
		p.withFlag(t, "default", "f")
		c := &counter{}
		api := unleash.New(unleash.Options{
			Service: p.service, Hub: p.hub, Usage: c, Now: func() time.Time { return today }, Logger: slog.New(slog.DiscardHandler),
		})
		p.mux = http.NewServeMux()
		api.Register(p.mux)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- api.Run(ctx) }()
		send := func(n int) {
			for range n {
				p.want(t, http.StatusAccepted, "POST", "/api/client/metrics", backend,
					`{"appName":"a","bucket":{"start":0,"stop":"2026-11-22T09:00:00Z","toggles":{"f":{"yes":1,"no":0}}}}`)
			}
		}
		check := func(writes int, yes int64) {
			t.Helper()
			synctest.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.writes != writes || c.yes != yes {
				t.Errorf("%d writes of %d, want %d of %d", c.writes, c.yes, writes, yes)
			}
		}
		send(50)
		time.Sleep(1100 * time.Millisecond)
		check(1, 50)
		time.Sleep(5 * time.Second)
		check(1, 50)
		c.mu.Lock()
		c.err = errors.New("disk full")
		c.mu.Unlock()
		send(1)
		time.Sleep(3 * time.Second)
		check(2, 51)
		send(3)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
		check(3, 54)
	})
}

// TestFlood bounds what waits in memory.
func TestFlood(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	status := 0
	for i := 0; status != http.StatusServiceUnavailable; i++ {
		if i > 20 {
			t.Fatal("the memory for reports has no bound")
		}
		rows := make([]string, 20_000)
		for n := range rows {
			rows[n] = fmt.Sprintf(`{"featureName":"f","appName":"a%d-%d","environment":"development","timestamp":"2026-11-22T09:00:00Z","yes":1,"no":%d}`, i, n, n)
		}
		status = p.do(t, "POST", "/api/client/metrics/bulk", backend, `{"applications":[],"metrics":[`+strings.Join(rows, ",")+`]}`).Code
	}
}

// TestUnknownFlood makes up names of flags: it is answered, and little of it is
// kept.
func TestUnknownFlood(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	for i := range 3 {
		toggles := make([]string, 10_000)
		for n := range toggles {
			toggles[n] = fmt.Sprintf(`"f%d-%d":{"yes":1,"no":0}`, i, n)
		}
		p.want(t, http.StatusAccepted, "POST", "/api/client/metrics", backend,
			`{"appName":"a","bucket":{"start":0,"stop":"2026-11-22T09:00:00Z","toggles":{`+strings.Join(toggles, ",")+`}}}`)
	}
	p.flush(t)
	unknown, err := p.store.UnknownUses(t.Context())
	if err != nil || len(unknown) != 1000 {
		t.Errorf("%d unknown flags are kept (%v), want 1000", len(unknown), err)
	}
	uses, err := p.store.FlagUses(t.Context(), control.UseFilter{})
	if err != nil || len(uses) != 0 {
		t.Errorf("%d uses of flags that do not exist (%v)", len(uses), err)
	}
}

// TestBulkReceipts takes from an edge what the SDKs behind it serve.
func TestBulkReceipts(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	const bulk = "/api/client/metrics/bulk"
	receipt := func(app string, seq int) string {
		return fmt.Sprintf(`{"applications":[],"metrics":[],"lockflight":{"applied":[{"appName":%q,"instanceId":"i","seq":%d,"at":"2026-11-22T09:59:59Z"}]}}`, app, seq)
	}
	for body, want := range map[string]int{
		receipt("shop", 7): http.StatusAccepted, receipt("", 7): http.StatusBadRequest, receipt("shop", -1): http.StatusBadRequest,
	} {
		p.want(t, want, "POST", bulk, backend, body)
	}
	p.flush(t)
	got, err := p.store.Receipts(t.Context(), "development", 0)
	if err != nil || len(got) != 1 || got[0].App != "shop" || got[0].Instance != "i" || got[0].Seq != 7 {
		t.Errorf("receipts = %v, %v, want that of shop alone", got, err)
	}
}
