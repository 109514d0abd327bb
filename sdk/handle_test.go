package sdk_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// A handle follows its flag through changes of it, through its coming and
// going, and through whole documents that number the flags anew.
func TestHandle(t *testing.T) {
	t.Parallel()
	s := newServer(t, on("a"), off("b"))
	changed, wait := signal(t)
	c := open(t, s, func(o *sdk.Options) { o.OnChanged = changed })
	ready(t, c)
	a, z := c.Flag("a"), c.Flag("z")
	check := func(step string, wantA, wantZ bool) {
		t.Helper()
		if got := a.Bool(nil, false); got != wantA || a.Variant(nil).FeatureEnabled != wantA {
			t.Errorf("%s: a = %v", step, got)
		}
		if got := z.Bool(nil, false); got != wantZ || z.Variant(nil).FeatureEnabled != wantZ {
			t.Errorf("%s: z = %v", step, got)
		}
	}
	check("at first", true, false)
	s.put(off("a"))
	serves(t, c, 2, wait)
	check("a off", false, false)
	s.put(on("z"), on("a"))
	serves(t, c, 4, wait)
	check("z new", true, true)
	s.say(encode("unleash-updated", 5, eval.Delta{Events: []eval.Event{{Type: eval.FeatureRemoved, EventID: 5, FeatureName: "z"}}}))
	serves(t, c, 5, wait)
	check("z gone", true, false)
	if !z.Bool(nil, true) {
		t.Error("z gone: the fallback is not used")
	}
	s.say(encode("unleash-updated", 6, eval.Delta{Events: []eval.Event{
		{Type: eval.Hydration, EventID: 6, Features: []eval.Flag{on("z"), off("a")}},
	}}))
	serves(t, c, 6, wait)
	check("numbered anew", false, true)
	want := map[string]sdk.Count{
		"a": {Yes: 6, No: 4, Variants: map[string]uint64{"disabled": 5}},
	}
	if diff := cmp.Diff(want["a"], c.Usage()["a"]); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

// A delta tells of new faults, and the releases of changed flags alone.
func TestDeltaKeepsReleases(t *testing.T) {
	t.Parallel()
	f, g := released("f", "r1", 20), released("g", "r2", 20)
	s := newServer(t, f, g)
	changed, wait := signal(t)
	c := open(t, s, func(o *sdk.Options) { o.OnChanged = changed })
	ready(t, c)
	s.put(on("f"), on("h"))
	serves(t, c, 3, wait)
	c.Bool("f", inArm(t, f, eval.Treatment, 0), false)
	if n := c.Stats().ObservationsQueued; n != 0 {
		t.Errorf("%d exposures of a release that ended", n)
	}
	c.Bool("g", inArm(t, g, eval.Treatment, 0), false)
	if n := c.Stats().ObservationsQueued; n != 1 {
		t.Errorf("%d exposures of a release that goes on, want 1", n)
	}
}

// A check is of one snapshot: while snapshots are swapped the name and the
// payload of a variant are always of the same one.
func TestChecksWhileSnapshotsAreSwapped(t *testing.T) {
	t.Parallel()
	snapshot := func(i int) []byte {
		v := strconv.Itoa(i)
		return document(t, int64(i), eval.Flag{Name: "f", Enabled: true, Variants: []eval.WeightedVariant{
			{Name: v, Weight: 1000, Payload: &eval.Payload{Type: "string", Value: v}},
		}})
	}
	c, err := sdk.New(t.Context(), sdk.Options{Bootstrap: snapshot(0)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	flag := c.Flag("f")
	var checks sync.WaitGroup
	for g := range 8 {
		checks.Go(func() {
			for range 5000 {
				v := flag.Variant(nil)
				if g%2 == 0 {
					v = c.Variant("f", nil)
				}
				if v.Payload == nil || v.Name != v.Payload.Value {
					t.Errorf("torn: %+v", v)
					return
				}
			}
		})
	}
	for i := range 100 {
		if err := c.Load(t.Context(), snapshot(i)); err != nil {
			t.Error(err)
		}
	}
	checks.Wait()
}
