package e2e

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// watcher is a streaming SDK that looks at one unit of the treatment.
type watcher struct {
	client  *sdk.Client
	treated *eval.Context
	changed chan struct{}
}

// watch starts the SDK and waits until it serves the release's first milestone.
func (p *plane) watch(t *testing.T, f flight) *watcher {
	t.Helper()
	w := &watcher{changed: make(chan struct{}, 1)}
	var next int
	for _, line := range f.exposures("watched", &next, 20) {
		if line.Arm == eval.Treatment {
			w.treated = &eval.Context{UserID: line.Unit}
		}
	}
	client, err := sdk.New(t.Context(), sdk.Options{
		URL: p.url, Token: backendToken, AppName: "e2e", RefreshInterval: time.Hour,
		OnChanged: func() {
			select {
			case w.changed <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	w.client = client
	w.await(t, func(a *eval.Assignment) bool { return a != nil && a.Release == f.id && a.Arm == eval.Treatment })
	if !client.Bool(agent, w.treated, false) {
		t.Error("the SDK does not serve the new build to a unit of the treatment")
	}
	return w
}

// await waits until the SDK's assignment of the unit is as wanted, and returns
// when that was.
func (w *watcher) await(t *testing.T, wanted func(*eval.Assignment) bool) time.Time {
	t.Helper()
	limit := time.After(patience)
	for {
		if wanted(w.client.Explain(agent, w.treated).Release) {
			return time.Now()
		}
		select {
		case <-w.changed:
		case <-limit:
			t.Fatalf("after %s the SDK has %+v", patience, w.client.Explain(agent, w.treated))
		}
	}
}
