package sdk_test

import (
	"fmt"
	"testing"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// offline is a client of these flags without a server.
func offline(t testing.TB, document string) *sdk.Client {
	t.Helper()
	c, err := sdk.New(t.Context(), sdk.Options{Bootstrap: []byte(document)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const manyKinds = `{"version":2,"features":[
	{"name":"plain","enabled":true,"strategies":[{"name":"default"}]},
	{"name":"off","enabled":false},
	{"name":"half","enabled":true,"strategies":[{"name":"flexibleRollout",
		"parameters":{"rollout":"50","stickiness":"userId","groupId":"half"}}]},
	{"name":"variants","enabled":true,"strategies":[{"name":"flexibleRollout",
		"parameters":{"rollout":"100","stickiness":"userId","groupId":"variants"},
		"variants":[{"name":"a","weight":500,"stickiness":"userId"},{"name":"b","weight":500,"stickiness":"userId"}]}]},
	{"name":"app","enabled":true,"strategies":[{"name":"default",
		"constraints":[{"contextName":"appName","operator":"IN","values":["checkout"]}]}]}
]}`

// Not parallel: AllocsPerRun counts what others allocate.
func TestChecksDoNotAllocate(t *testing.T) {
	c := offline(t, manyKinds)
	ec := &eval.Context{UserID: "u1", AppName: "checkout", Environment: "development"}
	for _, flag := range []string{"plain", "off", "half", "variants", "app", "unknown"} {
		for _, context := range []*eval.Context{ec, nil} {
			if flag == "app" && context == nil {
				continue // the defaults are filled into a copy
			}
			if n := testing.AllocsPerRun(1000, func() { c.Bool(flag, context, false) }); n != 0 {
				t.Errorf("Bool(%q, %v): %v allocations", flag, context, n)
			}
			if n := testing.AllocsPerRun(1000, func() { c.Variant(flag, context) }); n != 0 {
				t.Errorf("Variant(%q, %v): %v allocations", flag, context, n)
			}
		}
	}
}

// A context made for a check stays on the stack, its properties included. Not
// parallel, as above.
func TestContextStaysOnTheStack(t *testing.T) {
	c := offline(t, manyKinds)
	half := c.Flag("half")
	allocs := testing.AllocsPerRun(1000, func() {
		c.Bool("half", &eval.Context{UserID: "u1", Properties: map[string]string{"a": "1", "b": "2", "c": "3"}}, false)
		half.Bool(&eval.Context{UserID: "u1", Properties: map[string]string{"a": "1", "b": "2", "c": "3"}}, false)
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

// Not parallel, as above.
func TestRepeatedExposuresDoNotAllocate(t *testing.T) {
	f := released("f", "r1", 20)
	c := open(t, newServer(t, f))
	ready(t, c)
	for _, arm := range []string{eval.Treatment, eval.Control, eval.Rest} {
		ec := inArm(t, f, arm, 0)
		c.Bool("f", ec, false)
		if n := testing.AllocsPerRun(1000, func() { c.Bool("f", ec, false) }); n != 0 {
			t.Errorf("Bool in %s: %v allocations", arm, n)
		}
		if n := testing.AllocsPerRun(1000, func() { c.Variant("f", ec) }); n != 0 {
			t.Errorf("Variant in %s: %v allocations", arm, n)
		}
	}
}

func BenchmarkBool(b *testing.B) {
	c := offline(b, manyKinds)
	users := make([]eval.Context, 1024)
	for i := range users {
		users[i] = eval.Context{UserID: fmt.Sprintf("user-%d", i)}
	}
	for _, flag := range []string{"plain", "off", "half", "variants", "unknown"} {
		b.Run("flag="+flag, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.Bool(flag, &users[i%len(users)], false)
			}
		})
	}
	b.Run("flag=half/parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				c.Bool("half", &users[i%len(users)], false)
			}
		})
	})
}

func BenchmarkVariant(b *testing.B) {
	c := offline(b, manyKinds)
	ec := &eval.Context{UserID: "user-1"}
	b.ReportAllocs()
	for b.Loop() {
		c.Variant("variants", ec)
	}
}

// BenchmarkBoolReleased is a check of a unit whose exposure is reported
// already.
func BenchmarkBoolReleased(b *testing.B) {
	f := released("f", "r1", 20)
	c := open(b, newServer(b, f))
	ready(b, c)
	ec := inArm(b, f, eval.Treatment, 0)
	b.ReportAllocs()
	for b.Loop() {
		c.Bool("f", ec, false)
	}
}
