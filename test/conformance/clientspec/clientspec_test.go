// Package clientspec runs Unleash's client specification against the engine
// itself. The specification is read from its npm package, where `make test`
// installs it, and is no part of this repository.
package clientspec

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// What version 6.1.0 of @unleash/client-specification holds.
const (
	files           = 22
	evaluationCases = 275
	deltaCases      = 4
)

// spec is one file of the specification.
type spec struct {
	Name         string     `json:"name"`
	State        state      `json:"state"`
	Tests        []boolCase `json:"tests"`
	VariantTests []variant  `json:"variantTests"`
}

// state is what a client has received: a document, or a delta.
type state struct {
	eval.Snapshot
	eval.Delta
}

type boolCase struct {
	Description    string      `json:"description"`
	Context        specContext `json:"context"`
	ToggleName     string      `json:"toggleName"`
	ExpectedResult bool        `json:"expectedResult"`
}

type variant struct {
	Description    string       `json:"description"`
	Context        specContext  `json:"context"`
	ToggleName     string       `json:"toggleName"`
	ExpectedResult eval.Variant `json:"expectedResult"`
}

// specContext is a context as the specification writes it; a property that is
// null is missing.
type specContext struct {
	UserID        string             `json:"userId"`
	SessionID     string             `json:"sessionId"`
	RemoteAddress string             `json:"remoteAddress"`
	Environment   string             `json:"environment"`
	AppName       string             `json:"appName"`
	CurrentTime   time.Time          `json:"currentTime"`
	Properties    map[string]*string `json:"properties"`
}

func (c specContext) context() *eval.Context {
	out := eval.Context{
		UserID: c.UserID, SessionID: c.SessionID, RemoteAddress: c.RemoteAddress,
		Environment: c.Environment, AppName: c.AppName, CurrentTime: c.CurrentTime,
		Properties: map[string]string{},
	}
	for name, value := range c.Properties {
		if value != nil {
			out.Properties[name] = *value
		}
	}
	return &out
}

// TestClientSpecification runs every case of every file, and knows how many
// there must be, so that none can go missing unseen.
func TestClientSpecification(t *testing.T) {
	t.Parallel()
	dir := cmp.Or(os.Getenv("LOCKFLIGHT_CLIENT_SPEC"), "../../node_modules/@unleash/client-specification/specifications")
	var index []string
	read(t, filepath.Join(dir, "index.json"), &index)

	evaluations, deltas := 0, 0
	for _, name := range index {
		var s spec
		read(t, filepath.Join(dir, name), &s)
		ran := s.run(t)
		if len(s.State.Events) > 0 {
			deltas += ran
		} else {
			evaluations += ran
		}
	}
	got := [3]int{len(index), evaluations, deltas}
	if want := [3]int{files, evaluationCases, deltaCases}; got != want {
		t.Errorf("ran files, evaluation cases, delta cases = %v, want %v", got, want)
	}
}

// run evaluates the cases of a file and returns how many it has.
func (s spec) run(t *testing.T) int {
	snapshot, err := s.State.Apply(s.State.Delta)
	if err != nil {
		t.Errorf("%s: %v", s.Name, err)
	}
	set, _ := eval.Compile(snapshot)
	for _, tc := range s.Tests {
		t.Run(s.Name+"/"+tc.Description, func(t *testing.T) {
			c := tc.Context.context()
			if got, _ := set.Bool(tc.ToggleName, c); got != tc.ExpectedResult {
				t.Errorf("Bool(%s) = %v, want %v: %s", tc.ToggleName, got, tc.ExpectedResult, set.Explain(tc.ToggleName, c).Message)
			}
		})
	}
	for _, tc := range s.VariantTests {
		t.Run(s.Name+"/"+tc.Description, func(t *testing.T) {
			c := tc.Context.context()
			if diff := gocmp.Diff(tc.ExpectedResult, set.Variant(tc.ToggleName, c)); diff != "" {
				t.Errorf("Variant(%s) (-want +got):\n%s%s", tc.ToggleName, diff, set.Explain(tc.ToggleName, c).Message)
			}
		})
	}
	return len(s.Tests) + len(s.VariantTests)
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\nThe client specification is an npm package: `make test` installs it.", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
