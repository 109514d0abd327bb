package eval_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

// A larger rollout never takes the flag from anybody.
func TestRaisingARolloutRemovesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snapshot := eval.Snapshot{Features: []eval.Flag{genFlag(t)}}
		flag := &snapshot.Features[0]
		flag.Dependencies = nil
		contexts := rapid.SliceOfN(rapid.Custom(genContext), 1, 8).Draw(t, "contexts")
		smaller := rapid.IntRange(0, 100).Draw(t, "smaller")
		larger := rapid.IntRange(smaller, 100).Draw(t, "larger")
		rollout := func(percent int) *eval.Set {
			for i := range flag.Strategies {
				flag.Strategies[i].Parameters["rollout"] = strconv.Itoa(percent)
				flag.Strategies[i].Parameters["percentage"] = strconv.Itoa(percent)
			}
			set, _ := options.Compile(snapshot)
			return set
		}
		before, after := rollout(smaller), rollout(larger)
		for _, c := range contexts {
			was, _ := before.Bool(flag.Name, c)
			if is, _ := after.Bool(flag.Name, c); was && !is {
				t.Fatalf("on at %d %%, off at %d %%", smaller, larger)
			}
		}
	})
}

// What a client has that received changes one by one is what a client has that
// received the result.
func TestDeltasFoldToTheSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folded := genSnapshot(t)
		set, _ := options.Compile(folded)
		flags, segments := map[string]eval.Flag{}, map[int]eval.Segment{}
		model := func(e eval.Event) {
			switch e.Type {
			case eval.Hydration:
				clear(flags)
				clear(segments)
				for _, f := range e.Features {
					flags[f.Name] = f
				}
				for _, s := range e.Segments {
					segments[s.ID] = s
				}
			case eval.FeatureUpdated:
				flags[e.Feature.Name] = *e.Feature
			case eval.FeatureRemoved:
				delete(flags, e.FeatureName)
			case eval.SegmentUpdated:
				segments[e.Segment.ID] = *e.Segment
			case eval.SegmentRemoved:
				delete(segments, e.SegmentID)
			}
		}
		model(eval.Event{Type: eval.Hydration, Features: folded.Features, Segments: folded.Segments})
		for _, events := range rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(genEvent), 1, 3), 1, 3).Draw(t, "deltas") {
			delta := eval.Delta{Events: events}
			var err error
			if folded, err = folded.Apply(delta); err != nil {
				t.Fatal(err)
			}
			set = applied(t, set, delta)
			for _, e := range events {
				model(e)
			}
		}
		if !slices.IsSortedFunc(folded.Features, func(a, b eval.Flag) int { return cmpText(a.Name, b.Name) }) {
			t.Fatal("features are not sorted by name")
		}
		var whole eval.Snapshot
		for _, f := range flags {
			whole.Features = append(whole.Features, f)
		}
		for _, s := range segments {
			whole.Segments = append(whole.Segments, s)
		}
		got, _ := options.Compile(folded)
		want, _ := options.Compile(whole)
		for _, c := range rapid.SliceOfN(rapid.Custom(genContext), 1, 4).Draw(t, "contexts") {
			if diff := cmp.Diff(answers(want, c), answers(got, c)); diff != "" {
				t.Fatalf("evaluation (-snapshot +deltas):\n%s", diff)
			}
			if diff := cmp.Diff(answers(want, c), answers(set, c)); diff != "" {
				t.Fatalf("evaluation (-snapshot +set that deltas were applied to):\n%s", diff)
			}
		}
		if diff := cmp.Diff(folded, set.Snapshot(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("document (-snapshot +set):\n%s", diff)
		}
	})
}

// applied applies a delta to a set, and checks that this leaves the set as it
// was, that a name keeps its number, and that of the numbers which are not in
// the changes the programs did not change: they have the same warnings.
func applied(t fatal, before *eval.Set, delta eval.Delta) *eval.Set {
	t.Helper()
	document := before.Snapshot()
	after, changes, err := before.Apply(delta)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff(document, before.Snapshot()); diff != "" {
		t.Fatalf("Apply changed its receiver (-before +after):\n%s", diff)
	}
	for i := range after.Len() {
		if changes.Renumbered || slices.Contains(changes.Numbers, i) {
			continue
		}
		if diff := cmp.Diff(before.Flag(i), after.Flag(i)); diff != "" {
			t.Fatalf("number %d is not in the changes (-before +after):\n%s", i, diff)
		}
	}
	_, all := options.Compile(after.Snapshot())
	for _, w := range all {
		i, _ := after.Index(w.Flag)
		if slices.Contains(changes.Numbers, i) && !slices.Contains(changes.Warnings, w) {
			t.Fatalf("the changes %+v lack a warning: %+v", changes, w)
		}
	}
	return after
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func TestExplainAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, warnings := options.Compile(genSnapshot(t))
		for _, c := range rapid.SliceOfN(rapid.Custom(genContext), 1, 4).Draw(t, "contexts") {
			checkAgreement(t, set, warnings, c)
		}
	})
}

// fatal is what rapid and testing have in common.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkAgreement compares all ways to ask for the flags of a set.
func checkAgreement(t fatal, set *eval.Set, warnings []eval.Warning, c *eval.Context) {
	t.Helper()
	for i := range set.Len() {
		if set.Flag(i) == nil {
			continue // a parent that does not exist
		}
		name := set.Name(i)
		on, known := set.Bool(name, c)
		v := set.Variant(name, c)
		e := set.Explain(name, c)
		if !known || on != set.BoolAt(i, c) || on != v.FeatureEnabled || on != e.Enabled {
			t.Fatalf("%s: Bool %v, %v, BoolAt %v, Variant %+v, Explain %+v", name, on, known, set.BoolAt(i, c), v, e)
		}
		if diff := cmp.Diff(v, e.Variant) + cmp.Diff(v, set.VariantAt(i, c)); diff != "" || v.Enabled && !on {
			t.Fatalf("%s: variants differ:\n%s", name, diff)
		}
		if chosen, place := set.ChooseAt(i, c); set.VariantNames(i)[place] != chosen.Name {
			t.Fatalf("%s: %s is not at %d of %q", name, chosen.Name, place, set.VariantNames(i))
		}
		if matches := e.Reason == eval.ReasonMatch; matches != (e.Strategy >= 0) || e.Message == "" {
			t.Fatalf("%s: Explain = %+v", name, e)
		}
		invalid := e.Reason == eval.ReasonInvalid
		warned := slices.ContainsFunc(warnings, func(w eval.Warning) bool { return w.Flag == name })
		if invalid && (on || !warned) {
			t.Fatalf("%s does not compile: on %v, warned %v", name, on, warned)
		}
		if a, ok := set.Assign(name, c); ok && a.Arm == eval.Treatment && !on {
			t.Fatalf("%s: treatment, and off: %+v", name, a)
		}
	}
}

// A document that was written and read again evaluates the same.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkRoundTrip(t, genSnapshot(t), genContext(t))
	})
}

func checkRoundTrip(t fatal, snapshot eval.Snapshot, c *eval.Context) {
	t.Helper()
	data, err := json.Marshal(snapshot)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	var again eval.Snapshot
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatalf("unmarshal %s: %v", data, err)
	}
	set, warnings := options.Compile(snapshot)
	got, gotWarnings := options.Compile(again)
	if diff := cmp.Diff(warnings, gotWarnings); diff != "" {
		t.Fatalf("warnings (-before +after):\n%s", diff)
	}
	for i := range set.Len() {
		name := set.Name(i)
		if diff := cmp.Diff(set.Explain(name, c), got.Explain(name, c)); diff != "" {
			t.Fatalf("%s (-before +after):\n%s", name, diff)
		}
	}
}
