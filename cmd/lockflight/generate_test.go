package main

import (
	"bytes"
	"errors"
	"flag"
	gotoken "go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

const featuresFile = "testdata/generate/features.json"

// generated is what the command prints.
func generated(t *testing.T, c generateGoCmd) string {
	t.Helper()
	var out bytes.Buffer
	c.Package, c.Out = "flags", "-"
	if err := c.Run(t.Context(), streams{out: &out, err: t.Output()}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGenerateGo(t *testing.T) {
	t.Parallel()
	got := generated(t, generateGoCmd{From: featuresFile})
	const golden = "testdata/generate/flags.go.golden"
	if *updateGolden {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

func TestGenerateGoOfOneProject(t *testing.T) {
	t.Parallel()
	got := generated(t, generateGoCmd{From: featuresFile, Project: "agents"})
	if !strings.Contains(got, "AgentRouter StringFlag") || strings.Contains(got, "CheckoutV2") || strings.Contains(got, "type Flag ") {
		t.Errorf("of agents alone:\n%s", got)
	}
	if got := generated(t, generateGoCmd{From: featuresFile, Project: "none"}); strings.Contains(got, "import") {
		t.Errorf("of no flag:\n%s", got)
	}
}

// A server's flags give the file that a document of them gives.
func TestGenerateGoFromServer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RequestURI() {
		case "/api/v1/flags?limit=1000&project=agents":
			w.Write([]byte(`{"flags":[],"next":"n"}`))
		case "/api/v1/flags?cursor=n&limit=1000&project=agents":
			w.Write([]byte(`{"flags":[{"name":"agent-router","type":"experiment","project":"agents"}]}`))
		case "/api/v1/flags/agent-router":
			w.Write([]byte(`{"name":"agent-router","environments":[{"name":"development","strategies":[]},{"name":"production","strategies":[
				{"id":"s","name":"default","variants":[{"name":"careful","weight":500,"payload":{"type":"string","value":"model-b"}},
				{"name":"fast","weight":500,"payload":{"type":"string","value":"model-a"}}]}]}]}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer s.Close()
	want := generated(t, generateGoCmd{From: featuresFile, Project: "agents"})
	if diff := cmp.Diff(want, generated(t, generateGoCmd{remote: remote{URL: s.URL}, Project: "agents"})); diff != "" {
		t.Errorf("(-document +server):\n%s", diff)
	}
	if err := (&generateGoCmd{remote: remote{URL: s.URL}, Package: "flags", Out: "-"}).Run(t.Context(), streams{}); err == nil {
		t.Error("no error from a server that knows no flags")
	}
}

func TestGenerateGoCheck(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "flags.go")
	write := generateGoCmd{From: featuresFile, Package: "flags", Out: file}
	check := write
	check.Check = true
	run := func(c generateGoCmd) error { return c.Run(t.Context(), streams{out: t.Output(), err: t.Output()}) }
	if err := run(check); err == nil || !strings.Contains(err.Error(), "is not up to date\nhint: ") {
		t.Errorf("of a file that is not there: %v", err)
	}
	for _, c := range []generateGoCmd{write, check, write} {
		if err := run(c); err != nil {
			t.Errorf("of a file that is up to date: %v", err)
		}
	}
	if err := os.WriteFile(file, []byte("package flags\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(check); err == nil || exitCode(err, streams{err: t.Output()}) != 1 {
		t.Errorf("of a file that differs: %v", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "package flags\n" {
		t.Error("a check wrote the file")
	}
}

func TestGenerateGoRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]generateGoCmd{
		"check of standard output": {From: featuresFile, Package: "flags", Out: "-", Check: true},
		"no package name":          {From: featuresFile, Package: "my-flags", Out: "-"},
		"a keyword":                {From: featuresFile, Package: "func", Out: "-"},
	} {
		if err := c.Run(t.Context(), streams{}); !errors.As(err, new(usageError)) {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
	for _, from := range []string{"nowhere.json", "generate.go"} {
		if err := (&generateGoCmd{From: from, Package: "flags", Out: "-"}).Run(t.Context(), streams{}); err == nil {
			t.Errorf("no error from %s", from)
		}
	}
}

// What is generated compiles against the SDK and works, as a user's module
// would have it: without a module but this one, and without a network.
func TestGeneratedGoCompiles(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	features, err := os.ReadFile(featuresFile)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module example.com/shop\n\ngo 1.26.0\n\nrequire github.com/lockflight/lockflight v0.0.0\n\n" +
			"replace github.com/lockflight/lockflight => " + root + "\n",
		"flags/flags.go": generated(t, generateGoCmd{From: featuresFile}),
		"features.json":  string(features),
		"main.go": `package main

import (
	"context"
	_ "embed"
	"fmt"

	"example.com/shop/flags"
	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

//go:embed features.json
var features []byte

func main() {
	c, err := sdk.New(context.Background(), sdk.Options{Bootstrap: features})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	ec := &eval.Context{UserID: "ada"}
	theme := struct{ Ink string }{}
	err = flags.Theme.Decode(c, ec, &theme)
	fmt.Println(flags.CheckoutV2.Bool(c, ec), flags.AgentRouter.Value(c, ec, "") != "", flags.MaxItems.Value(c, ec, 1),
		theme.Ink, err, flags.Mixed.Variant(c, ec).Enabled, flags.Flag2fa, flags.Größe)
}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("vet", "./...")
	if got, want := run("run", "."), "true true 10 white <nil> true 2fa größe\n"; got != want {
		t.Errorf("it prints %q, want %q", got, want)
	}
}

// Whatever flags are called, their identifiers are exported and differ, and
// the file is the same in whatever order they come.
func TestGenerateGoOfAnyNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9._~-]{1,8}`), rapid.String(), rapid.SampledFrom([]string{"flag", "string-flag", "JSON flag"}))
		var flags []flagSource
		for _, name := range rapid.SliceOfNDistinct(name, 0, 20, rapid.ID[string]).Draw(r, "names") {
			flags = append(flags, flagSource{
				name: name, description: rapid.String().Draw(r, "description"),
				variants: []eval.WeightedVariant{{Name: rapid.String().Draw(r, "variant")}},
			})
		}
		idents := map[string]string{"Flag": "", "StringFlag": "", "NumberFlag": "", "JSONFlag": ""}
		for name, ident := range identifiers(flags) {
			if other, taken := idents[ident]; taken || !gotoken.IsExported(ident) || !gotoken.IsIdentifier(ident) {
				r.Fatalf("%q is %q, as is %q", name, ident, other)
			}
			idents[ident] = name
		}
		code, err := generateGo("flags", flags)
		if err != nil {
			r.Fatal(err)
		}
		slices.Reverse(flags)
		if again, _ := generateGo("flags", flags); !bytes.Equal(code, again) {
			r.Fatal("the order of flags changes the file")
		}
	})
}
