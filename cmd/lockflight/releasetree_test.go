package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const heldRelease = `{"id":"rel-01m82takvsege23b31","flag":"agent-router","environment":"production","build":"b2","state":"held",
"policy":"agent-default","plan":{"name":"careful","rev":3,"sha256":"x"},"note":"a note that a person gave for a reason which takes more than one line of eighty columns to say",
"milestone":{"index":1,"percent":10,"of":[1,10,50,100],"awaitsApprovals":2},
"change":{"instances":12,"confirmed":11,"slowestMs":41},
"asks":[{"name":"safety_pass_rate","kind":"bernoulli","direction":"higher","promote":0.95,"rollback":0.9},
 {"name":"a_signal_of_a_very_long_name","kind":"counter","direction":"lower","promote":2,"rollback":4},
 {"name":"p95_latency_ms","kind":"quantile","direction":"lower","q":0.95,"promote":15000,"rollback":21000},
 {"name":"queue","kind":"level","direction":"lower","promote":10,"rollback":20},
 {"name":"evidence_coverage","kind":"bernoulli","direction":"higher","promote":0.8,"rollback":0.56}],
"live":{"verdict":"HOLD","reason":"P8_BELOW_PROMOTE:safety_pass_rate","at":"2026-11-22T10:00:00Z","also":["P10_UNDETERMINED:evidence_coverage"],
 "needs":["evidence_coverage: n=120, about 60 more cases at the current estimate"],"exposures":{"treatment":812,"control":808},
 "signals":[{"name":"safety_pass_rate","status":"BREACH","n_t":800,"n_c":801,"telemetry_coverage":0.97,"estimate":0.921,"lower":0.9,"upper":0.94},
 {"name":"a_signal_of_a_very_long_name","status":"PASS","n_t":800,"n_c":801,"estimate":1.2,"lower":1.1,"upper":1.5},
 {"name":"p95_latency_ms","status":"PASS","n_t":800,"n_c":801,"estimate":0.012,"lower":0.004,"upper":0.03},
 {"name":"queue","status":"MISSING","why":"source_error","detail":"promote: 15000 is not an edge","n_t":0,"n_c":0},
 {"name":"evidence_coverage","status":"UNDETERMINED","n_t":120,"n_c":118,"estimate":0.82,"lower":0.70,"upper":0.91}]},
"evidence":{"accepted":1200,"unjoinable":4,"malformed":1},"leftOut":{"late":3,"duplicate":2,"foreign_build":1},"unjoined":{"unjoinable":7}}`

// TestDraw shows why a release waits, in eighty columns; what does not count is
// told by its cause.
func TestDraw(t *testing.T) {
	t.Setenv("TZ", "UTC")
	var doc releaseDoc
	if err := json.Unmarshal([]byte(heldRelease), &doc); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := doc.draw(&b, false); err != nil {
		t.Fatal(err)
	}
	want := `rel-01m82takvsege23b31  agent-router in production  build b2
held  policy agent-default, plan careful at revision 3
note: a note that a person gave for a reason which takes more than one line of
      eighty columns to say
served so by 11 of 12 clients, the slowest after 41 ms
├─ ✓   1 %
├─ ▶  10 %  HOLD  P8_BELOW_PROMOTE:safety_pass_rate  10:00:00
│  proven worse than its threshold to go on
│  arms: treatment 812 units, control 808
│  ! safety_pass_rate     ·x━━━━━━●━━━━━━···|·  0.921 ≥ 0.950
│    breach, n=800 against 801, telemetry 97 %
│  ✓ a_signal_of_a_very_… ·━●━··|···········x·  1.200 ≤ 2.000
│  ✓ p95_latency_ms       ·━━━●━━━━━━·······|·  0.012 ≤ 0.050 over 15000
│  ? queue                ····················      - ≤ 10.000
│    missing: promote: 15000 is not an edge, n=0 against 0
│  ~ evidence_coverage    ·x······━━━━━|●━━━━·  0.820 ≥ 0.800
│    undetermined, n=120 against 118
│  also P10_UNDETERMINED:evidence_coverage
│  needs evidence_coverage: n=120, about 60 more cases at the current estimate
├─ ·  50 %  awaits 2 approvals
└─ · 100 %
evidence  1200 taken
  left out: 2 duplicate, 1 foreign build, 3 late
  refused: 1 malformed, 4 unjoinable
  of no release: 7 unjoinable
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("drawn (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > treeWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
