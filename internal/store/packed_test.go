package store

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is packed comes back, and so do lines that an older version stored.
func TestPack(t *testing.T) {
	t.Parallel()
	var p packer
	rapid.Check(t, func(rt *rapid.T) {
		line := rapid.StringMatching(`\{"unit":"[a-z]{1,20}"\}\n`).Draw(rt, "line")
		lines := []byte(strings.Repeat(line, rapid.IntRange(0, 200).Draw(rt, "lines")))
		for _, stored := range [][]byte{p.pack(lines), lines} {
			got, err := unpack(stored)
			if err != nil || !bytes.Equal(got, lines) {
				rt.Fatalf("got %q, %v; want %q", got, err, lines)
			}
		}
	})
	if n := len(p.pack([]byte(strings.Repeat(`{"unit":"u1"}`+"\n", 1000)))); n > 1000 {
		t.Errorf("14 KB of one line packed to %d bytes", n)
	}
	if _, err := unpack([]byte{packed, 0xff}); err == nil {
		t.Error("a broken block was unpacked")
	}
}
