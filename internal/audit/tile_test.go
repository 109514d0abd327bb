package audit

import (
	"encoding/binary"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

func TestParseTile(t *testing.T) {
	t.Parallel()
	tests := map[string]Tile{
		"0/000":                 {Width: 256},
		"0/000.p/1":             {Width: 1},
		"1/x001/067.p/255":      {Level: 1, N: 1067, Width: 255},
		"entries/x001/x234/067": {Entries: true, N: 1234067, Width: 256},
		"entries/000.p/3":       {Entries: true, Width: 3},
	}
	for path, want := range tests {
		if got, err := ParseTile(path); err != nil || got != want {
			t.Errorf("ParseTile(%q) = %+v, %v, want %+v", path, got, err, want)
		}
	}
	for _, path := range []string{
		"", "0", "0/", "0/0", "0/1067", "0/x000/000", "0/000.p/0", "0/000.p/256", "00/000", "-1/000", "data/000",
		"0/000/", "0/../000", "0/000.p/01", "entries/-01", "0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if got, err := ParseTile(path); err == nil {
			t.Errorf("ParseTile(%q) = %+v", path, got)
		}
	}
}

// tiles serves the tiles of a log to x/mod's own reader, which checks each.
type tiles struct {
	t   *rapid.T
	log *memoryLog
}

func (tiles) Height() int                     { return TileHeight }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (s tiles) ReadTiles(all []tlog.Tile) (out [][]byte, err error) {
	for _, one := range all {
		tile := Tile{Level: one.L, N: one.N, Width: one.W}
		if !tile.Within(s.log.size) {
			s.t.Fatalf("%+v is not within %d", tile, s.log.size)
		}
		data, err := ReadTile(tile, s.log)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// The law: from the tiles of a log x/mod proves each record against its root.
func TestTiles(t *testing.T) {
	t.Parallel()
	log := newLog(t, 600, testKey(t, testOrigin, 'k'))
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, log.size).Draw(t, "size")
		index := rapid.Int64Range(0, size-1).Draw(t, "index")
		root, err := Root(size, log)
		if err != nil {
			t.Fatal(err)
		}
		tree := tlog.Tree{N: size, Hash: root}
		want, err := tlog.ProveRecord(size, index, tlog.TileHashReader(tree, tiles{t, log}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ProveLeaf(index, size, log)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d hashes, %v, want %d", len(got), err, len(want))
		}
		if err := tlog.CheckRecord(got, size, root, index, tlog.RecordHash(log.leaves[index].Record)); err != nil {
			t.Fatal(err)
		}
	})
	full := Tile{N: 1, Width: 256}
	if !full.Within(512) || full.Within(511) || (Tile{Level: 1, Width: 2}).Within(511) || !(Tile{Level: 1, Width: 2}).Within(512) {
		t.Error("Within counts wrongly")
	}
}

// The law: a smaller tree is the beginning of a greater one, and of no other.
func TestProvePrefix(t *testing.T) {
	t.Parallel()
	log := newLog(t, 300, testKey(t, testOrigin, 'k'))
	rapid.Check(t, func(t *rapid.T) {
		to := rapid.Int64Range(1, log.size).Draw(t, "to")
		from := rapid.Int64Range(1, to).Draw(t, "from")
		at := func(size int64) Checkpoint {
			root, err := Root(size, log)
			if err != nil {
				t.Fatal(err)
			}
			return Checkpoint{testOrigin, size, root}
		}
		proof, err := ProvePrefix(from, to, log)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckPrefix(proof, at(from), at(to)); err != nil {
			t.Fatal(err)
		}
		other := at(from)
		other.Root[rapid.IntRange(0, tlog.HashSize-1).Draw(t, "byte")] ^= 1
		if CheckPrefix(proof, other, at(to)) == nil {
			t.Fatal("another tree passes for the beginning")
		}
	})
	for _, bad := range [][2]int64{{0, 5}, {6, 5}, {-1, 5}, {1, 301}} {
		if _, err := ProvePrefix(bad[0], bad[1], log); err == nil {
			t.Errorf("ProvePrefix(%d, %d) gives no error", bad[0], bad[1])
		}
	}
}

func TestAppendEntry(t *testing.T) {
	t.Parallel()
	record := make([]byte, MaxRecord)
	bundle := AppendEntry(AppendEntry(nil, []byte("{}")), record)
	if string(bundle[:4]) != "\x00\x02{}" || int(binary.BigEndian.Uint16(bundle[4:])) != MaxRecord || len(bundle) != 6+MaxRecord {
		t.Errorf("a bundle of %d bytes begins with %q", len(bundle), bundle[:6])
	}
}
