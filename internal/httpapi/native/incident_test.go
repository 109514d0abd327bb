package native_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// TestIncidents shows what a watch found, and takes a person's word for it.
func TestIncidents(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	get[native.Flag](t, p, "POST", "/flags", admin, `{"name":"agent"}`)
	id := get[native.Release](t, p, "POST", "/releases", admin,
		`{"flag":"agent","environment":"production","build":"b2","control":"b1","plan":`+quick+`}`).ID
	r, err := p.service.Release(t.Context(), control.Engine(), id)
	check(t, err)
	for r.Open() {
		arm := &gate.Arm{N: new(gate.Count(1000)), K: new(gate.Count(960))}
		r, err = p.service.Apply(t.Context(), control.Engine(), control.Evaluation{
			Release: id, Rev: r.Rev, At: today, Decision: gate.Decision{Verdict: gate.Promote, Reason: gate.AllPass},
			Snapshot: gate.Snapshot{Signals: map[string]gate.Measure{"evidence_coverage": {Treatment: arm, Control: arm}}},
		})
		check(t, err)
	}
	_, err = p.service.ReportWatch(t.Context(), control.Engine(), control.WatchReport{
		Release: id, Rev: r.Rev, Findings: []drift.Finding{{Signal: "evidence_coverage", Acts: true, Action: drift.Report}},
	})
	check(t, err)

	list := get[native.IncidentList](t, p, "GET", "/incidents?open=true", admin, "")
	if len(list.Incidents) != 1 || list.Incidents[0].Release != id || list.Incidents[0].Action != drift.Report {
		t.Fatalf("incidents %+v", list)
	}
	in := list.Incidents[0].ID
	got := get[native.Release](t, p, "GET", "/releases/"+id, admin, "")
	if d := got.Drift; d == nil || d.EndedAt != nil || d.Incidents["evidence_coverage"] != in {
		t.Errorf("drift %+v", got.Drift)
	}
	get[control.Incident](t, p, "POST", "/incidents/"+in+"/resolve", admin, `{"reason":"the index is back"}`)
	if one := get[control.Incident](t, p, "GET", "/incidents/"+in, admin, ""); one.ResolvedAt == nil || one.Note != "the index is back" {
		t.Errorf("resolved as %+v", one)
	}
	if list := get[native.IncidentList](t, p, "GET", "/incidents?open=true", admin, ""); len(list.Incidents) != 0 {
		t.Errorf("still open: %+v", list)
	}
	get[native.Flag](t, p, "POST", "/flags/agent/environments/production/off", admin, "")
	if d := get[native.Release](t, p, "GET", "/releases/"+id, admin, "").Drift; d.EndedAt == nil || d.Ended == "" {
		t.Errorf("switched off, drift %+v", d)
	}
}
