package audit

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is the height of a tile: a full one has 256 hashes or entries
// (C2SP tlog-tiles).
const TileHeight = 8

// tileWidth is the number of hashes or entries in a full tile.
const tileWidth = 1 << TileHeight

// Tile is a piece of the tree that never changes once it is full: the hashes of
// one level, or an entry bundle, which holds the records themselves.
type Tile struct {
	Entries bool  // a bundle of records, rather than hashes
	Level   int   // 0 is that of the leaves; 0 for a bundle
	N       int64 // from 0 in its level
	Width   int   // 1 to 256 hashes or records
}

// ParseTile reads the path of a tile below "tile/", as C2SP tlog-tiles spells
// it: "<L>/<N>[.p/<W>]" or "entries/<N>[.p/<W>]", where <N> is in groups of three
// digits, "x001/x234/067". Each tile has one spelling; others are an error.
func ParseTile(path string) (Tile, error) {
	level, rest, _ := strings.Cut(path, "/")
	name := level
	switch level {
	case "entries":
		name = "data"
	case "data":
		name = "?"
	}
	// x/mod has the tile's height in the path, and calls a bundle data.
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s/%s", TileHeight, name, rest))
	if err != nil {
		return Tile{}, fmt.Errorf("%q is not the path of a tile, such as 0/x001/067 or entries/000.p/3", path)
	}
	return Tile{Entries: t.L < 0, Level: max(t.L, 0), N: t.N, Width: t.W}, nil
}

// Full reports whether the tile is complete, so that it never changes again.
func (t Tile) Full() bool { return t.Width == tileWidth }

// Within reports whether a tree of size leaves has all of the tile.
func (t Tile) Within(size int64) bool {
	have := size >> (TileHeight * t.Level)
	return t.N <= have/tileWidth && t.N*tileWidth+int64(t.Width) <= have
}

// First returns the number of the first record of a bundle.
func (t Tile) First() int64 { return t.N * tileWidth }

// ReadTile returns the hashes of a tile that is no bundle: 32 bytes for each, by
// one call to read.
func ReadTile(t Tile, read HashReader) ([]byte, error) {
	data, err := tlog.ReadTileData(tlog.Tile{H: TileHeight, L: t.Level, N: t.N, W: t.Width}, read)
	if err != nil {
		return nil, fmt.Errorf("read tile %d of level %d: %w", t.N, t.Level, err)
	}
	return data, nil
}

// AppendEntry adds one record to a bundle: its length in two bytes, the greater
// first, and its bytes. MaxRecord fits.
func AppendEntry(bundle, record []byte) []byte {
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(record))), record...)
}
