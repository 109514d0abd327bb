package feed

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
)

// TestSignsOnce signs what is encoded, however many ask for it.
func TestSignsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.put(simple("p", "a", ""))
	h, env := w.hub(t)
	var made atomic.Int64
	h.SignWith(func(environment string, scope Scope, seq int64, sum [sha256.Size]byte) string {
		made.Add(1)
		return fmt.Sprintf("%s %v %d %x", environment, scope.All, seq, sum)
	})
	all := Scope{All: true}
	held := env.Snapshot(all).Seq
	for _, description := range []string{"one", "two"} {
		w.put(simple("p", "a", description))
		sync1(t, h)
	}
	if got := made.Swap(0); got != 2 {
		t.Errorf("2 changes were signed %d times", got)
	}
	for range 5 {
		doc := env.Snapshot(all).Features()
		if want := fmt.Sprintf("%s true %d %x", env.name, env.Snapshot(all).Seq, sha256.Sum256(doc.Body())); doc.Signature() != want {
			t.Errorf("the document's signature is %s, want %s", doc.Signature(), want)
		}
		for _, after := range []int64{0, held} { // a hydration, and both updates at once
			m, _ := env.Delta(t.Context(), all, after)
			sub := env.Subscribe(t.Context(), all, after)
			event, err := sub.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sub.Close()
			want := fmt.Sprintf("%s true %d %x", env.name, m.Seq, sha256.Sum256(m.Data))
			if m.Signature != want || event.Signature != want || !bytes.Equal(m.Data, event.Data) {
				t.Errorf("after %d: signatures %s and %s, want %s", after, m.Signature, event.Signature, want)
			}
			if tail := []byte("\nlockflight-signature: " + want + "\n\n"); !bytes.HasSuffix(event.SSE, tail) {
				t.Errorf("after %d the event ends in %q", after, event.SSE)
			}
		}
	}
	if got := made.Load(); got != 3 {
		t.Errorf("a document, a hydration and a replay were signed %d times", got)
	}
}
