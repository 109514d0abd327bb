package native_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// TestStaleAndUse reports the use of flags, lets time pass, and reads what has
// become of them.
func TestStaleAndUse(t *testing.T) {
	t.Parallel()
	now := today
	p := newPlane(t, func() time.Time { return now })
	for _, name := range []string{"settled", "young"} {
		if w := p.do(t, "POST", "/api/v1/flags", admin, `{"name":"`+name+`"}`); w.Code != http.StatusCreated {
			t.Fatalf("create %s: %d %s", name, w.Code, w.Body)
		}
	}
	report := func(flag string, yes int64) {
		check(t, p.store.AddReports(t.Context(), control.Reports{
			Usage:     []control.Usage{{Flag: flag, Environment: "production", App: "shop", Hour: now, SeenAt: now, Yes: yes}},
			Instances: []control.Instance{{App: "shop", ID: "i1", Environment: "production", SDK: "go:1", SeenAt: now}},
			Unknown:   []control.UnknownUse{{Flag: "mistyped", Environment: "production", App: "shop", SeenAt: now}},
		}))
	}
	report("settled", 1)
	now = now.Add(31 * 24 * time.Hour)
	report("settled", 4)
	report("young", 2)
	read := func(path string, into any) {
		t.Helper()
		w := p.do(t, "GET", path, admin, "")
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		check(t, json.Unmarshal(w.Body.Bytes(), into))
	}
	var stale struct{ Flags []control.StaleFlag }
	read("/api/v1/stale-flags", &stale)
	if len(stale.Flags) != 1 || stale.Flags[0].Flag != "settled" || stale.Flags[0].Keep != control.SideOn ||
		!slices.Equal(stale.Flags[0].Reasons, []control.StaleReason{control.StaleSettled}) {
		t.Errorf("stale flags %+v, want settled, to be kept on", stale.Flags)
	}
	var usage struct {
		Hours []struct{ Yes int64 }
		Uses  []struct {
			App                 string
			FirstAt, LastAt     time.Time
			LastOnAt, LastOffAt time.Time
		}
	}
	read("/api/v1/flags/settled/usage?since=2026-01-01T00:00:00Z", &usage)
	if len(usage.Hours) != 2 || usage.Hours[1].Yes != 4 || len(usage.Uses) != 1 || !usage.Uses[0].FirstAt.Equal(today) ||
		!usage.Uses[0].LastOnAt.Equal(now) || !usage.Uses[0].LastOffAt.IsZero() {
		t.Errorf("usage %+v", usage)
	}
	var unknown struct{ Flags []struct{ Name string } }
	read("/api/v1/unknown-flags", &unknown)
	var apps struct {
		Applications []struct {
			Name      string
			Flags     int
			Instances []struct{ SDK string }
		}
	}
	read("/api/v1/applications", &apps)
	if len(unknown.Flags) != 1 || unknown.Flags[0].Name != "mistyped" {
		t.Errorf("unknown flags %+v", unknown.Flags)
	}
	if len(apps.Applications) != 1 || apps.Applications[0].Flags != 2 || apps.Applications[0].Instances[0].SDK != "go:1" {
		t.Errorf("applications %+v", apps.Applications)
	}
	if w := p.do(t, "GET", "/api/v1/stale-flags", backend, ""); w.Code != http.StatusOK || w.Body.String() == "" {
		t.Errorf("with a backend token: %d %s", w.Code, w.Body)
	}
}
