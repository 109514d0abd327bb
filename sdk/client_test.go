package sdk_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Not parallel, so that only its own goroutines come and go.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := newServer(t, on("a"))
	dir := t.TempDir()
	descriptors := openDescriptors()
	for i := range 1000 {
		c := open(t, s, func(o *sdk.Options) { o.BackupDir = dir })
		if i%2 == 0 {
			ready(t, c)
		}
		c.Bool("a", nil, false)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatalf("closed again: %v", err)
		}
		if i%2 == 0 && !c.Bool("a", nil, false) {
			t.Fatal("a is off after Close")
		}
	}
	// What is left are the server's own goroutines.
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*Server).Serve"))
	if left := openDescriptors() - descriptors; left > 10 {
		t.Errorf("%d descriptors are left", left)
	}
}

// openDescriptors returns how many descriptors the process has open, 0 where
// the system does not say.
func openDescriptors() int {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(open)
}

func TestOfflineCounts(t *testing.T) {
	t.Parallel()
	called, wait := signal(t)
	c, err := sdk.New(t.Context(), sdk.Options{Bootstrap: []byte(manyKinds), OnReady: called})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wait()
	ready(t, c)
	c.Bool("plain", nil, false)
	c.Variant("variants", &eval.Context{UserID: "u1"})
	c.Track("task_success_rate", nil, sdk.Pass(true))
	if err := c.Flush(t.Context()); err != nil {
		t.Errorf("flush: %v", err)
	}
	want := map[string]sdk.Count{
		"plain":    {Yes: 1},
		"variants": {Yes: 1, Variants: map[string]uint64{"a": 1}},
	}
	if diff := cmp.Diff(want, c.Usage()); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if got := c.Stats().Source; got != sdk.SourceBootstrap {
		t.Errorf("source = %s", got)
	}
}

// A context without application and environment is that of the client.
func TestContextDefaults(t *testing.T) {
	t.Parallel()
	constraint := func(field, value string) []eval.Constraint {
		return []eval.Constraint{{ContextName: field, Operator: "IN", Values: []string{value}}}
	}
	in := func(field, value string) []eval.Strategy {
		return []eval.Strategy{{Name: "default", Constraints: constraint(field, value)}}
	}
	document, err := json.Marshal(eval.Snapshot{
		Query: json.RawMessage(`{"environment":"production"}`),
		Features: []eval.Flag{
			{Name: "app", Enabled: true, Strategies: in("appName", "checkout")},
			{Name: "environment", Enabled: true, Strategies: in("environment", "production")},
			{Name: "segment", Enabled: true, Strategies: []eval.Strategy{{Name: "default", Segments: []int{1}}}},
			{Name: "child", Enabled: true, Dependencies: []eval.Dependency{{Feature: "app"}}},
			{Name: "sticky", Enabled: true, Strategies: []eval.Strategy{{
				Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "100", "stickiness": "appName", "groupId": "g"},
			}}},
		},
		Segments: []eval.Segment{{ID: 1, Constraints: constraint("environment", "production")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := sdk.New(t.Context(), sdk.Options{AppName: "checkout", Bootstrap: document})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, flag := range []string{"app", "environment", "segment", "child", "sticky"} {
		if !c.Bool(flag, nil, false) || !c.Variant(flag, &eval.Context{UserID: "u"}).FeatureEnabled {
			t.Errorf("%s is off: %s", flag, c.Explain(flag, nil).Message)
		}
	}
	given := &eval.Context{AppName: "other", Environment: "staging"}
	for _, flag := range []string{"app", "environment", "segment", "child"} {
		if c.Bool(flag, given, true) {
			t.Errorf("%s is on although the context has values of its own", flag)
		}
	}
	if given.AppName != "other" || given.Environment != "staging" {
		t.Errorf("the context was changed: %+v", given)
	}
}

func TestExplainNamesTheRelease(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 10)
	s := newServer(t, f)
	c := open(t, s)
	ready(t, c)
	ec := inArm(t, f, eval.Control, 0)
	got := c.Explain("f", ec)
	want := &eval.Assignment{Release: "r1", Arm: eval.Control, Unit: ec.UserID, Percent: 10}
	if diff := cmp.Diff(want, got.Release); diff != "" {
		t.Errorf("release (-want +got):\n%s", diff)
	}
	if got.Enabled || got.Reason != eval.ReasonNoMatch || got.Source != sdk.SourceServer || got.Seq != 1 {
		t.Errorf("explanation = %+v", got)
	}
	if n := len(c.Usage()) + c.Stats().ObservationsQueued; n != 0 {
		t.Error("an explanation counts as a check")
	}
}

// FuzzCheck checks that no document and no context stops a check, and that
// every check is counted.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(manyKinds), "half", "u1", "plan", "gold")
	f.Add([]byte(`{"features":[{"name":"","enabled":true},{"name":"","variants":[{"weight":-1}]}]}`), "", "", "", "")
	f.Fuzz(func(t *testing.T, document []byte, flag, user, key, value string) {
		c, err := sdk.New(t.Context(), sdk.Options{Bootstrap: document})
		if err != nil {
			return
		}
		defer c.Close()
		ec := &eval.Context{UserID: user, RemoteAddress: value, Properties: map[string]string{key: value}}
		c.Bool(flag, ec, true)
		c.Variant(flag, nil)
		c.Explain(flag, ec)
		c.Track(key, ec, sdk.Pass(true), sdk.Flag(flag))
		got := c.Usage()[flag]
		if counted := got.Yes + got.No + c.Stats().UnknownDropped; counted != 2 {
			t.Errorf("%d checks counted, want 2", counted)
		}
	})
}

// Whoever imports this package compiles the standard library and the engine,
// and nothing else. The files are parsed, since a test that ran the go command
// would pass from the test cache after an import was added.
func TestImportsTheStandardLibraryOnly(t *testing.T) {
	t.Parallel()
	const module = "github.com/lockflight/lockflight/"
	own := map[string][]string{".": {module + "sdk/eval", module + "internal/sse"}, "eval": nil, "../internal/sse": nil}
	for dir, allowed := range own {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", dir, files, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				host, _, _ := strings.Cut(path, "/")
				if strings.Contains(host, ".") && !slices.Contains(allowed, path) {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
}
