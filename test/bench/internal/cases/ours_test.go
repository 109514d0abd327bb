package cases

import (
	"testing"

	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// Every case through the public client, counting on, by the name of the flag
// and by a handle. Not parallel: AllocsPerRun counts what others allocate.
func TestChecksDoNotAllocate(t *testing.T) {
	byName, byHandle, err := Ours()
	if err != nil {
		t.Fatal(err)
	}
	for _, contender := range []rounds.Contender{byName, byHandle} {
		for name, loop := range contender.Cases {
			const checks = 1000
			want := 0.0
			switch name {
			case "G":
				want = 0.05 // its two goroutines, by check
			case "I":
				want = 1 // the context
			}
			if got := testing.AllocsPerRun(20, func() { loop(checks) }) / checks; got > want {
				t.Errorf("%s %s: %v allocations a check, want at most %v", name, contender.Name, got, want)
			}
		}
	}
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "I"} {
		if byName.Cases[name] == nil {
			t.Errorf("case %s is missing", name)
		}
	}
}
