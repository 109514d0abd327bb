package feed

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// BenchmarkAdvance is one changed flag, on its way to the bytes of a stream.
func BenchmarkAdvance(b *testing.B) {
	for _, size := range []struct{ flags, scopes int }{{100, 1}, {10_000, 1}, {10_000, 25}} {
		b.Run(fmt.Sprintf("flags=%d/scopes=%d", size.flags, size.scopes), func(b *testing.B) {
			w := newWorld()
			for i := range size.flags {
				w.history[0].flags[fmt.Sprintf("f%05d", i)] = simple(fmt.Sprintf("p%d", i%size.scopes), fmt.Sprintf("f%05d", i), "")
			}
			_, env := w.hub(b)
			for i := range size.scopes {
				env.Snapshot(Scope{Projects: []string{fmt.Sprintf("p%d", i)}})
			}
			b.ReportAllocs()
			seq := int64(0)
			for b.Loop() {
				seq++
				env.advance(seq, update1(simple("p0", "f00000", strconv.FormatInt(seq, 10))))
			}
		})
	}
}

// BenchmarkFeatures is one poll: the bytes are ready.
func BenchmarkFeatures(b *testing.B) {
	w := newWorld()
	for i := range 10_000 {
		w.history[0].flags[strconv.Itoa(i)] = simple("p", strconv.Itoa(i), "")
	}
	_, env := w.hub(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = env.Snapshot(Scope{All: true}).Features().Body()
	}
}

func update1(f eval.Flag) control.Update { return control.Update{Flags: []eval.Flag{f}} }
