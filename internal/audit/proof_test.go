package audit

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// A-21, golden vectors: those of the format's description, computed elsewhere.
func TestProofGolden(t *testing.T) {
	t.Parallel()
	log := goldenLog(t)
	proof, err := Prove(41, goldenCheckpoint, log)
	if err != nil {
		t.Fatal(err)
	}
	text, err := proof.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenProof, string(text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var parsed Proof
	if err := parsed.UnmarshalText([]byte(goldenProof)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(proof, parsed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	keys, err := Verifiers(goldenKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := parsed.Verify(log.leaves[41].Record, keys); err != nil || c.Size != 300 {
		t.Errorf("Verify = %v, %v", c, err)
	}
	if _, err := parsed.Verify(log.leaves[42].Record, keys); err == nil {
		t.Error("the proof of record 41 passes for record 42")
	}
	if _, err := parsed.Verify(log.leaves[41].Record, nil); err == nil {
		t.Error("the proof passes without a key")
	}

	// Every byte of the file counts.
	rapid.Check(t, func(t *rapid.T) {
		bit := rapid.IntRange(0, 8*len(goldenProof)-1).Draw(t, "bit")
		changed := flip([]byte(goldenProof), bit)
		var p Proof
		if err := p.UnmarshalText(changed); err != nil {
			return
		}
		if _, err := p.Verify(log.leaves[41].Record, keys); err == nil {
			t.Fatalf("passes:\n%s", changed)
		}
	})
}

func TestProofOfEveryRecord(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 33, key)
	for _, checkpoint := range log.checkpoints {
		c, err := unverified(checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		for seq := range c.Size {
			proof, err := Prove(seq, checkpoint, log)
			if err != nil {
				t.Fatal(err)
			}
			proof.Extra = []byte("anything")
			text, err := proof.MarshalText()
			if err != nil {
				t.Fatal(err)
			}
			var got Proof
			if err := got.UnmarshalText(text); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(proof, got); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			if _, err := got.Verify(log.leaves[seq].Record, testVerifiers(t, key)); err != nil {
				t.Fatalf("record %d of %d: %v", seq, c.Size, err)
			}
		}
	}
}

func TestProveRefuses(t *testing.T) {
	t.Parallel()
	log := goldenLog(t)
	for _, index := range []int64{-1, 300} {
		if _, err := Prove(index, goldenCheckpoint, log); err == nil {
			t.Errorf("Prove(%d) gives no error", index)
		}
	}
	if _, err := Prove(0, "no checkpoint", log); err == nil {
		t.Error("Prove without a checkpoint gives no error")
	}
	none := tlog.HashReaderFunc(func(idx []int64) ([]Hash, error) { return readHashes(nil, idx) })
	if _, err := Prove(0, goldenCheckpoint, none); err == nil {
		t.Error("Prove without hashes gives no error")
	}
}

func TestProveIn(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 22, key)
	for seq := range log.size {
		got, err := ProveIn(log, seq)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Prove(seq, log.checkpoints[0], log)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
}

func TestProveInRefuses(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	broken := errors.New("disk on fire")
	tests := map[string]struct {
		seq    int64
		damage func(*memoryLog)
		want   string
	}{
		"not covered yet": {21, func(l *memoryLog) { l.checkpoints = l.checkpoints[1:] }, "not among 20"},
		"no checkpoint":   {3, func(l *memoryLog) { l.checkpoints = nil }, "no checkpoint yet"},
		"unreadable":      {3, func(l *memoryLog) { l.checkpoints, l.err = nil, broken }, broken.Error()},
		"no such hashes":  {3, func(l *memoryLog) { l.hashes = l.hashes[:5] }, "no such hash"},
		"no hashes":       {3, func(l *memoryLog) { l.hashes = nil }, "no such hash"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newLog(t, 22, key)
			tt.damage(log)
			if _, err := ProveIn(log, tt.seq); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ProveIn: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseProofRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string][2]string{
		"header":          {"@v1", "@v2"},
		"no index":        {"index 41\n", ""},
		"leading zero":    {"index 41", "index 041"},
		"negative":        {"index 41", "index -41"},
		"short hash":      {"T3+l", ""},
		"carriage return": {"T3+l", "T3+l\r"},
		"spare bits":      {"rbraR8=", "rbraR9="},
		"no checkpoint":   {"\n\n", "\n"},
		"no size":         {"\n300\n", "\n"},
		"empty extra":     {"index 41", "extra \nindex 41"},
		"extra":           {"index 41", "extra ?\nindex 41"},
		"only extra":      {"index 41\n", "extra AA==\n\n"},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p Proof
			if err := p.UnmarshalText([]byte(strings.Replace(goldenProof, change[0], change[1], 1))); err == nil {
				t.Errorf("parsed as %v", p)
			}
		})
	}
}

// The law: a proof that parses has one spelling.
func FuzzProof(f *testing.F) {
	f.Add([]byte(goldenProof))
	f.Add([]byte(strings.Replace(goldenProof, "index", "extra eA==\nindex", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p Proof
		if p.UnmarshalText(text) != nil {
			return
		}
		got, err := p.MarshalText()
		if diff := cmp.Diff(string(text), string(got)); err != nil || diff != "" {
			t.Fatalf("%v (-want +got)\n%s", err, diff)
		}
		_, _ = p.Verify(nil, nil)
	})
}
