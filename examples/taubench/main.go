// Command taubench turns recorded runs of a real agent into the observations
// that `lockflight gate replay` reads: one trial as control, another as
// treatment. The runs are those of tau-bench's airline domain (MIT, Sierra),
// one JSON object a line: task, trial, success, evidence_required,
// evidence_present.
//
//	taubench runs.ndjson > observations.ndjson
//	lockflight gate replay --policy examples/taubench/policy.yaml --evidence observations.ndjson
//
// All trials are the same agent, so the gate must find no regression between
// two of them. With -drop-evidence the treatment loses that share of its
// evidence, as an agent does that stops citing what it looked up, and the
// gate must roll it back.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// run is one recorded run of the agent.
type run struct {
	Task             int  `json:"task"`
	Trial            int  `json:"trial"`
	Success          bool `json:"success"`
	EvidenceRequired int  `json:"evidence_required"` // slots that the run's write actions need
	EvidencePresent  int  `json:"evidence_present"`  // slots that had been looked up before
}

// observation is one line of native evidence.
type observation struct {
	At          time.Time `json:"at"`
	Environment string    `json:"environment"`
	Flag        string    `json:"flag"`
	Arm         string    `json:"arm"`
	Unit        string    `json:"unit"`
	Build       string    `json:"build"`
	Signal      string    `json:"signal"`
	Pass        *bool     `json:"pass,omitempty"`
	NA          bool      `json:"na,omitempty"`
}

// options are the command line.
type options struct {
	control, treatment int     // trials
	dropEvidence       float64 // share of the treatment's evidence slots to take away
	seed               uint64  // of which slots
}

func main() {
	var o options
	flag.IntVar(&o.control, "control", 0, "the trial that is the control")
	flag.IntVar(&o.treatment, "treatment", 1, "the trial that is the treatment")
	flag.Float64Var(&o.dropEvidence, "drop-evidence", 0, "share of the treatment's evidence slots to take away, 0 to 1")
	flag.Uint64Var(&o.seed, "seed", 1, "which slots are taken away")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: taubench [flags] RUNS.ndjson > OBSERVATIONS.ndjson")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 || !(o.dropEvidence >= 0 && o.dropEvidence <= 1) {
		flag.Usage()
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "taubench:", err)
		os.Exit(1)
	}
}

// convert reads the runs of a file and writes their observations.
func convert(file string, w io.Writer, o options) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("opening the runs: %w", err)
	}
	defer f.Close()
	runs, err := readRuns(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, line := range observations(runs, o) {
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("writing observations: %w", err)
		}
	}
	return out.Flush()
}

func readRuns(r io.Reader) ([]run, error) {
	var runs []run
	for dec := json.NewDecoder(r); ; {
		var one run
		switch err := dec.Decode(&one); {
		case errors.Is(err, io.EOF):
			return runs, nil
		case err != nil:
			return nil, fmt.Errorf("run %d: %w", len(runs)+1, err)
		}
		runs = append(runs, one)
	}
}

// observations returns the evidence of both trials. A unit is one run: the
// runs of a task in two trials are two units, since no unit is in both arms.
func observations(runs []run, o options) []observation {
	dropSlots(runs, o)
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var lines []observation
	for _, r := range runs {
		var arm string
		switch r.Trial {
		case o.treatment:
			arm = "treatment"
		case o.control:
			arm = "control"
		default:
			continue
		}
		at := start.Add(time.Duration(r.Task) * 10 * time.Second)
		lines = append(lines, r.observations(arm, at)...)
	}
	return lines
}

// observations returns the exposure of a run and its outcomes: whether the
// task succeeded, and whether every required slot of evidence was there.
// Where none is required the signal does not apply.
func (r run) observations(arm string, at time.Time) []observation {
	exposure := observation{
		At: at, Environment: "benchmark", Flag: "airline-agent", Arm: arm, Build: fmt.Sprintf("trial-%d", r.Trial),
		Unit: fmt.Sprintf("task-%d-trial-%d", r.Task, r.Trial), Signal: "exposure",
	}
	success, evidence := exposure, exposure
	success.At, evidence.At = at.Add(5*time.Second), at.Add(5*time.Second)
	success.Signal, success.Pass = "task_success_rate", &r.Success
	evidence.Signal = "evidence_coverage"
	if r.EvidenceRequired > 0 {
		evidence.Pass = new(r.EvidencePresent >= r.EvidenceRequired)
	} else {
		evidence.NA = true
	}
	return []observation{exposure, success, evidence}
}

// dropSlots takes the share of the treatment's evidence away, slot by slot.
func dropSlots(runs []run, o options) {
	var slots []*int
	for i := range runs {
		if runs[i].Trial != o.treatment {
			continue
		}
		for range runs[i].EvidencePresent {
			slots = append(slots, &runs[i].EvidencePresent)
		}
	}
	r := rand.New(rand.NewPCG(o.seed, 0))
	r.Shuffle(len(slots), func(i, j int) { slots[i], slots[j] = slots[j], slots[i] })
	for _, present := range slots[:int(o.dropEvidence*float64(len(slots)))] {
		*present--
	}
}
