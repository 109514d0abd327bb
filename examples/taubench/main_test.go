package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/lockflight/lockflight/internal/gate"
)

const dataFile = "taubench-airline.ndjson"

// recordedRuns returns the file of real runs, which is kept beside the
// project and not in it. Without it a made-up file of the same shape stands
// in, and the log says so.
func recordedRuns(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for up := filepath.Dir(dir); up != dir; dir, up = up, filepath.Dir(up) {
		file := filepath.Join(up, "shared", "data", dataFile)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	t.Logf("shared/data/%s is not beside the project: the test runs on made-up runs of the same shape", dataFile)
	return madeUpRuns(t)
}

// madeUpRuns writes 50 tasks in four trials. Each task has its own difficulty,
// so that its runs are correlated, as those of a real agent are.
func madeUpRuns(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for task := range 50 {
		ease, slots := r.Float64()*0.85, r.IntN(8)
		if r.IntN(4) == 0 {
			slots = 0
		}
		for trial := range 4 {
			one := run{Task: task, Trial: trial, Success: r.Float64() < ease, EvidenceRequired: slots, EvidencePresent: slots}
			if slots > 0 && r.IntN(15) == 0 {
				one.EvidencePresent--
			}
			if err := enc.Encode(one); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := filepath.Join(t.TempDir(), dataFile)
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func readPolicy(t *testing.T) gate.Policy {
	t.Helper()
	raw, err := os.ReadFile("policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Load(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	p, err := gate.ParsePolicy(raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// replay converts a pair of trials and runs the gate over it.
func replay(t *testing.T, file string, o options) ([]gate.Transition, gate.Summary) {
	t.Helper()
	var evidence bytes.Buffer
	if err := convert(file, &evidence, o); err != nil {
		t.Fatal(err)
	}
	var transitions []gate.Transition
	summary, err := gate.Replay(readPolicy(t), bytes.Lines(evidence.Bytes()), time.Minute, func(tr gate.Transition) error {
		transitions = append(transitions, tr)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Rejected) != 0 {
		t.Errorf("rejected: %v", summary.Rejected)
	}
	return transitions, summary
}

// Two trials of one agent are alike: no pair of them shows a regression.
func TestNoRegressionBetweenTrials(t *testing.T) {
	t.Parallel()
	file := recordedRuns(t)
	for control := range 4 {
		for treatment := range 4 {
			if control == treatment {
				continue
			}
			transitions, summary := replay(t, file, options{control: control, treatment: treatment})
			if summary.State == gate.WasRolledBack {
				t.Errorf("trial %d against %d: rolled back, %s", treatment, control, summary.Reason)
			}
			for _, tr := range transitions {
				for name, s := range tr.Signals {
					if s.Status == gate.RelSevere || s.Status == gate.RelBreach {
						t.Errorf("trial %d against %d: %s is %s at %s", treatment, control, name, s.Status, tr.At)
					}
				}
			}
		}
	}
}

// The same agent without half of its evidence is rolled back for it.
func TestWithoutEvidenceRollsBack(t *testing.T) {
	t.Parallel()
	file := recordedRuns(t)
	for seed := range uint64(5) {
		transitions, summary := replay(t, file, options{treatment: 1, dropEvidence: 0.5, seed: seed})
		if summary.State != gate.WasRolledBack || !strings.HasSuffix(summary.Reason, ":evidence_coverage") {
			t.Errorf("seed %d: ended as %+v", seed, summary)
		}
		n := transitions[len(transitions)-1].Signals["evidence_coverage"].N
		t.Logf("seed %d: %s after %d cases with evidence, %s", seed, summary.Verdict, n, summary.Reason)
	}
}

// Taking slots away takes exactly that share, and the same ones again.
func TestDropSlots(t *testing.T) {
	t.Parallel()
	runs := func() []run {
		var all []run
		for i := range 40 {
			all = append(all, run{Task: i, Trial: i % 2, EvidenceRequired: i % 5, EvidencePresent: i % 5})
		}
		return all
	}
	count := func(all []run, trial int) (n int) {
		for _, r := range all {
			if r.Trial == trial {
				n += r.EvidencePresent
			}
		}
		return n
	}
	before, first, second := runs(), runs(), runs()
	o := options{treatment: 1, dropEvidence: 0.25, seed: 9}
	dropSlots(first, o)
	dropSlots(second, o)
	if !slices.Equal(first, second) {
		t.Error("the same seed takes other slots")
	}
	if got, want := count(first, 1), count(before, 1)*3/4; got != want {
		t.Errorf("%d slots are left, want %d", got, want)
	}
	if count(first, 0) != count(before, 0) {
		t.Error("the control lost slots")
	}
}

func TestConvertFaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "runs.ndjson")
	if err := convert(file, io.Discard, options{}); err == nil {
		t.Error("no file, no error")
	}
	if err := os.WriteFile(file, []byte(`{"task":1}`+"\n"+`{"task":"two"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := convert(file, io.Discard, options{}); err == nil || !strings.Contains(err.Error(), "run 2") {
		t.Errorf("error %v, want one that names the run", err)
	}
}
