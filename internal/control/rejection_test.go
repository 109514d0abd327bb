package control_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// TestRejectedTokensAreRecorded counts credentials that are not valid: one record
// for each that exists, and one for all others.
func TestRejectedTokensAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made, secret, err := w.CreateToken(ctx, root, backend())
	check(t, err)
	short := backend()
	end := w.now().Add(time.Minute)
	short.ExpiresAt = &end
	expired, gone, err := w.CreateToken(ctx, root, short)
	check(t, err)
	w.pass(time.Hour)
	from := w.head(t).Size

	rejected := func(secret string) {
		_, _, err := w.Authenticate(ctx, secret)
		wantErr(t, err, control.Unauthenticated, "")
	}
	for i := range 50 {
		rejected(fmt.Sprintf("*:*.guess-%d", i))
	}
	rejected(gone)
	rejected(gone)
	last := secret[len(secret)-1:]
	rejected(strings.TrimSuffix(secret, last) + "x")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	check(t, w.Run(ended))

	counts := map[string]int64{}
	for _, r := range w.since(t, from) {
		if r.Type != "auth.token.fail" || r.Outcome != "denied" || r.Actor.ID != "" {
			t.Errorf("the record of a rejection is %+v", r)
		}
		counts[r.Actor.Cred] += r.Count
	}
	if counts[expired.ID] != 2 || counts[""]+counts[made.ID] != 51 || len(w.since(t, from)) > 3 {
		t.Errorf("rejections %v: want 2 of %s, and 51 of others in two records at most", counts, expired.ID)
	}
}
