// Package archtest is the architecture as a test: which package of this module
// may import which, and which keep to the standard library, to values in and
// values out. It reads the imports of source files and compares them with
// Packages. It is not a linter for style, and it does not ask the go command,
// whose answer a cached test result would outlive.
package archtest

// Module is the path of the module whose packages the table names.
const Module = "github.com/lockflight/lockflight"

// Class says how far outside this module a package may reach.
type Class int

// The classes of packages, from the freest to the strictest.
const (
	Open    Class = iota // any module of go.mod
	StdOnly              // the standard library and Rule.Modules
	Pure                 // as StdOnly, and no clock, no I/O, no log
)

// Rule is one line of the table: what the production files of a package may
// import. Test files have the additions that Check describes.
type Rule struct {
	Class   Class
	Modules []string // other modules that a package not Open may import
	Imports []string // packages of this module, by their path below its root
}

// Table holds the rule of each package, by its path below the module's root.
// A key that ends in "/*" stands for every package one level below.
type Table map[string]Rule

// everything is what a process is assembled from.
var everything = []string{
	"internal/anchor", "sdk", "sdk/eval",
	"internal/gate", "internal/audit", "internal/policy", "internal/attest", "internal/figures", "internal/codescan", "internal/codescan/risk",
	"internal/control",
	"internal/store", "internal/feed", "internal/evidence", "internal/runner", "internal/signed", "internal/source", "internal/suite", "internal/edge",
	"internal/notify", "internal/signin", "internal/migrate",
	"internal/httpapi", "internal/httpapi/unleash", "internal/httpapi/ofrep", "internal/httpapi/tlog", "internal/httpapi/native", "internal/httpapi/approval",
	"internal/mcpserver", "internal/webui",
}

// Packages is the table of this module. A package that is not in it fails the
// test, so that adding one means adding a line here, which a reviewer sees.
var Packages = Table{
	// Pure: same input, same output.
	"sdk/eval":            {Class: Pure},
	"internal/gate":       {Class: Pure, Modules: []string{"gonum.org/v1/gonum"}},
	"internal/gate/drift": {Class: Pure, Imports: []string{"internal/gate"}},
	"internal/condition":  {Class: Pure, Modules: []string{"cel.dev/cel-go"}},
	"internal/gate/expr":  {Class: Pure, Modules: []string{"cel.dev/cel-go"}, Imports: []string{"internal/condition", "internal/gate"}},
	"internal/audit":      {Class: Pure, Modules: []string{"golang.org/x/mod"}},
	"internal/signed":     {Class: Pure, Modules: []string{"golang.org/x/mod"}},
	"internal/policy": {
		Class: Pure, Modules: []string{"cel.dev/cel-go", "go.yaml.in/yaml/v4"},
		Imports: []string{"internal/condition", "sdk/eval"},
	},
	"internal/attest":           {Class: Pure},
	"internal/figures":          {Class: Pure},
	"internal/codescan":         {Class: Pure},
	"internal/codescan/risk":    {Class: Pure},
	"internal/codescan/rewrite": {Class: Pure, Imports: []string{"internal/codescan"}},

	// The public client: whoever embeds it compiles no third-party package.
	"sdk":          {Class: StdOnly, Imports: []string{"sdk/eval", "internal/sse"}},
	"internal/sse": {Class: StdOnly},
	"sdk/sdktest":  {Class: StdOnly, Imports: []string{"sdk", "sdk/eval"}},

	// The vocabulary and the rules: no database, no HTTP.
	"internal/control": {Imports: []string{
		"sdk/eval", "internal/gate", "internal/gate/drift", "internal/gate/expr", "internal/audit", "internal/policy", "internal/attest",
	}},

	// Adapters know control, never each other. The exceptions: the edge and
	// the two read APIs serve a feed, the edge folds evidence and the native API
	// takes it in, the APIs below httpapi, signin's and mcpserver's, share its middleware and
	// its mapping of errors, and the store's
	// suite opens the store, again after a crash.
	"internal/store":           {Imports: []string{"internal/control", "internal/audit"}},
	"internal/store/storetest": {Imports: []string{"internal/control", "internal/audit", "internal/store"}},
	"internal/feed":            {Imports: []string{"internal/control", "internal/signed", "sdk/eval"}},
	"internal/evidence":        {Imports: []string{"internal/control", "internal/gate"}},
	"internal/runner":          {Imports: []string{"internal/control", "internal/gate", "internal/gate/drift", "internal/gate/expr"}},
	"internal/source":          {Imports: []string{"internal/control", "internal/gate"}},
	"internal/suite":           {Imports: []string{"internal/control", "internal/gate"}},
	"internal/notify":          {Imports: []string{"internal/control", "internal/audit"}},
	"internal/signin":          {Imports: []string{"internal/control", "internal/httpapi"}},
	"internal/migrate":         {Imports: []string{"internal/control", "sdk/eval"}},
	"internal/edge": {Imports: []string{
		"internal/control", "internal/feed", "internal/evidence", "internal/signed", "internal/sse", "internal/witness", "sdk/eval",
	}},
	"internal/anchor":  {Imports: []string{"internal/audit"}},
	"internal/witness": {Imports: []string{"internal/audit"}},
	"internal/httpapi": {Imports: []string{"internal/control"}},
	"internal/httpapi/unleash": {Imports: []string{
		"internal/control", "internal/feed", "internal/httpapi", "internal/signed", "sdk/eval",
	}},
	"internal/httpapi/approval": {Imports: []string{"internal/control", "internal/httpapi"}},
	"internal/httpapi/wiretest": {},
	"internal/httpapi/ofrep": {Imports: []string{
		"internal/control", "internal/feed", "internal/httpapi", "sdk/eval",
	}},
	"internal/httpapi/tlog": {Imports: []string{"internal/control", "internal/httpapi", "internal/audit"}},
	"internal/httpapi/native": {Imports: []string{
		"internal/control", "internal/evidence", "internal/httpapi", "internal/gate", "internal/gate/drift", "internal/audit", "internal/policy",
		"internal/attest", "internal/figures", "internal/codescan", "sdk/eval",
	}},
	"internal/mcpserver": {Imports: []string{
		"internal/control", "internal/gate", "internal/policy", "internal/figures", "internal/codescan", "internal/codescan/risk", "internal/httpapi", "sdk/eval",
	}},
	"internal/worktree": {Imports: []string{"internal/codescan", "internal/codescan/rewrite"}},
	"internal/webui":    {},

	// Assembly: app wires everything, demo and the command stand on it. The
	// command reads a log or a gate's input by itself where no server runs, and
	// another Unleash from where it can be reached.
	"internal/app": {Imports: everything},
	"internal/demo": {Imports: []string{
		"internal/app", "internal/control", "internal/gate", "internal/audit", "sdk", "sdk/eval", "examples/supportapp/support",
	}},
	"cmd/lockflight": {Imports: []string{
		"internal/app", "internal/demo", "internal/control", "internal/signin", "internal/gate", "internal/gate/expr",
		"internal/anchor", "internal/audit", "internal/codescan", "internal/codescan/rewrite", "internal/codescan/risk", "internal/policy",
		"internal/store", "internal/migrate", "internal/mcpserver", "internal/worktree", "sdk", "sdk/eval",
	}},
	// Examples are outside callers; the test of taubench runs the gate on what
	// the example writes.
	"examples/*":                  {Imports: []string{"sdk", "sdk/eval"}},
	"examples/taubench":           {Imports: []string{"internal/gate"}},
	"examples/supportapp":         {Imports: []string{"examples/supportapp/support", "sdk"}},
	"examples/supportapp/support": {Imports: []string{"sdk", "sdk/eval"}},

	"internal/archtest": {Class: StdOnly},
}
