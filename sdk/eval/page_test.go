package eval

import (
	"testing"
	"unsafe"
)

// A check of one flag among thousands waits for the memory that it reads, so
// that a program on two cache lines would cost twice.
func TestProgramsLieInOneCacheLineEach(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(program{}); size != programSize {
		t.Errorf("a program has %d bytes, want %d", size, programSize)
	}
	pages := make([]*page, 100)
	for i := range pages {
		pages[i] = new(page)
		if at := uintptr(unsafe.Pointer(&pages[i].programs)); at%programSize != 0 {
			t.Fatalf("page %d has its programs %d bytes into a half cache line", i, at%programSize)
		}
	}
}
