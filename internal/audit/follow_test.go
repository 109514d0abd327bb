package audit

import (
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// LeavesFrom implements FollowedLog.
func (l *memoryLog) LeavesFrom(seq int64) iter.Seq2[Leaf, error] {
	return sequence(l.leaves[min(seq, int64(len(l.leaves))):], l.err)
}

func follow(t *testing.T, f *Follower, log *memoryLog) []string {
	t.Helper()
	report, err := f.Follow(log)
	if err != nil {
		t.Fatal(err)
	}
	return faults(report)
}

func TestFollow(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	tests := []struct {
		name   string
		damage func(l *memoryLog) // after 20 of 30 records were read
		want   []string
	}{
		{"nothing", func(*memoryLog) {}, []string{}},
		{"the past rewritten whole", func(l *memoryLog) {
			l.leaves[3].Record = l.replaced(3, "u_1", "u_2")
			l.rebuild(t, l.leaves)
		}, []string{"head at 30"}},
		{"shorter than it was", func(l *memoryLog) { l.rebuild(t, l.leaves[:19]) }, []string{"short at 19"}},
		{"a record that is gone", func(l *memoryLog) { l.leaves = append(l.leaves[:25:25], l.leaves[26:]...) }, []string{"head at 30"}},
		{"a record that does not follow", func(l *memoryLog) {
			l.leaves[25].Record = l.replaced(25, `"h1":"sha256:`, `"h1":"sha256:0`)
			l.rebuild(t, l.leaves)
		}, []string{"document at 25"}},
		{"a document changed", func(l *memoryLog) { l.documents[2].Doc = flip(l.documents[2].Doc, 3) }, []string{"document at 28"}},
		{"a document gone", func(l *memoryLog) { l.documents = l.documents[1:] }, []string{"missing_document at 25"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := NewFollower(Options{})
			if got := follow(t, f, newLog(t, 20, key)); len(got) > 0 {
				t.Fatalf("the first look finds %v", got)
			}
			log := newLog(t, 30, key)
			tt.damage(log)
			for range 2 { // what is still so is found again
				got := follow(t, f, log)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Fatalf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

func TestFollowMeetsWhatIsKnown(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 30, key)
	root, err := Root(17, log)
	if err != nil {
		t.Fatal(err)
	}
	known := Checkpoint{testOrigin, 17, root}
	if got := follow(t, NewFollower(Options{Known: []Checkpoint{known}}), log); len(got) > 0 {
		t.Errorf("its own checkpoint: %v", got)
	}
	if what, err := Continues(log, known); what != "" || err != nil {
		t.Errorf("Continues: %q, %v", what, err)
	}
	known.Root[0] ^= 1
	if diff := cmp.Diff([]string{"root at 17"}, follow(t, NewFollower(Options{Known: []Checkpoint{known}}), log)); diff != "" {
		t.Errorf("another: (-want +got)\n%s", diff)
	}
	if what, _ := Continues(log, known); what == "" {
		t.Error("Continues from another tree")
	}
	if what, _ := Continues(log, Checkpoint{testOrigin, 31, root}); what == "" {
		t.Error("Continues from a longer log")
	}
	log.hashes = nil
	if what, _ := Continues(log, known); what == "" {
		t.Error("Continues without hashes")
	}
}
