package gate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// vectorDir finds the decision vectors that are kept beside the project, not
// in it.
func vectorDir(t *testing.T) (string, bool) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if path := filepath.Join(dir, "shared", "gate", "vectors"); isDir(path) {
			return path, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		dir = up
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// wanted is what a vector expects of the gate.
type wanted struct {
	Verdict string                    `json:"verdict"`
	Reason  string                    `json:"reason"`
	Signals map[string]map[string]any `json:"signals"`
	SRMLogE *float64                  `json:"srm_log_e"`
}

func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	dir, ok := vectorDir(t)
	if !ok {
		t.Log("shared/gate/vectors is not beside the project: only the vectors in this package are checked")
		return
	}
	for file, count := range map[string]int{"step.ndjson": 55, "build.ndjson": 16} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if got := checkVectors(t, data); got != count {
			t.Errorf("%s: %d vectors, want %d", file, got, count)
		}
	}
}

func TestOwnVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/vectors.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	checkVectors(t, data)
}

// checkVectors asks every line and returns how many there are.
func checkVectors(t *testing.T, data []byte) int {
	t.Helper()
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); n++ {
		var vector struct {
			Name string `json:"name"`
			Want wanted `json:"want"`
		}
		if err := json.Unmarshal(quoteNaN(lines.Bytes()), &vector); err != nil {
			t.Fatal(err)
		}
		reply, err := Answer(lines.Bytes())
		if err != nil {
			t.Errorf("%s: %v", vector.Name, err)
			continue
		}
		checkReply(t, vector.Name, reply, vector.Want)
	}
	return n
}

func checkReply(t *testing.T, name string, got Reply, want wanted) {
	t.Helper()
	if got.Verdict.String() != want.Verdict || got.Reason != want.Reason {
		t.Errorf("%s: got %s %s %q, want %s %s", name, got.Verdict, got.Reason, got.Detail, want.Verdict, want.Reason)
	}
	if want.SRMLogE != nil && (got.SRMLogE == nil || math.Abs(*got.SRMLogE-*want.SRMLogE) > 1e-6) {
		t.Errorf("%s: srm_log_e %v, want %v", name, got.SRMLogE, *want.SRMLogE)
	}
	raw, err := json.Marshal(got.Signals)
	if err != nil {
		t.Fatal(err)
	}
	var signals map[string]map[string]any
	if err := json.Unmarshal(raw, &signals); err != nil {
		t.Fatal(err)
	}
	for signal, fields := range want.Signals {
		for field, value := range fields {
			if !same(signals[signal][field], value) {
				t.Errorf("%s: %s.%s = %v, want %v", name, signal, field, signals[signal][field], value)
			}
		}
	}
}

// same compares bounds to 1e-6 and everything else exactly.
func same(got, want any) bool {
	w, number := want.(float64)
	if !number {
		return got == want
	}
	g, ok := got.(float64)
	return ok && math.Abs(g-w) <= 1e-6
}
