package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Telemetry coverage and evidence coverage are two figures, and what does not
// count is told by its cause.
func TestReleaseStatusTellsOfEvidence(t *testing.T) {
	t.Parallel()
	const raw = `{"id":"rel-1","flag":"f","environment":"e","build":"b2","state":"running","milestone":{"index":0,"of":[1]},
		"live":{"verdict":"HOLD","reason":"P7_EVIDENCE_MISSING:p95_latency_ms","at":"2026-11-23T12:00:00Z","signals":[
			{"name":"evidence_coverage","status":"PASS","n_t":300,"n_c":298,"estimate":0.91,"telemetry_coverage":0.97},
			{"name":"p95_latency_ms","status":"MISSING","why":"source_error","detail":"promote: 15000 is not an edge","n_t":0,"n_c":0}]},
		"evidence":{"accepted":1200,"unjoinable":4,"malformed":1},"leftOut":{"late":3,"duplicate":2,"foreign_build":1},"unjoined":{"unjoinable":7}}`
	var doc releaseDoc
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (format{}).print(streams{out: &out}, []byte(raw), doc); err != nil {
		t.Fatal(err)
	}
	const want = `  evidence_coverage  PASS     0.910  n=300 against 298  telemetry 97 %
  p95_latency_ms     MISSING  -      n=0 against 0        promote: 15000 is not an edge
evidence  1200 taken
  left out: 2 duplicate, 1 foreign build, 3 late
  refused: 1 malformed, 4 unjoinable
  of no release: 7 unjoinable
`
	lines := bytes.SplitN(out.Bytes(), []byte("\n"), 4)
	if diff := cmp.Diff(want, string(lines[3])); diff != "" {
		t.Errorf("(-want +got):\n%s\nall:\n%s", diff, out.Bytes())
	}
}
