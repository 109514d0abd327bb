package control

import (
	"context"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// maxOverlap bounds how long a token counts beside the one that replaces it.
const maxOverlap = 24 * time.Hour

// RotateToken makes a token like another, with a secret of its own, and ends
// the other after overlap (0 to 24 h). The new one lives as long as the old one
// was made for.
func (s *Service) RotateToken(ctx context.Context, p Principal, id string, overlap time.Duration) (Token, string, error) {
	if overlap < 0 || overlap > maxOverlap {
		return Token{}, "", Invalidf("overlap", "must be from 0 to %v", maxOverlap)
	}
	var out Token
	var secret string
	err := s.write(ctx, p, Normal, func(w *work) error {
		old, err := get[Token](w, KindToken, id)
		if err != nil {
			return asMissing(err, "token", id)
		}
		if err := w.mayMake(old); err != nil {
			return err
		}
		out, secret = old.withSecret()
		out.RotatedFrom, out.CreatedAt, out.CreatedBy = old.ID, w.now, w.p.ID
		if old.ExpiresAt != nil {
			out.ExpiresAt = new(w.now.Add(old.ExpiresAt.Sub(old.CreatedAt)))
		}
		if err := w.put(event{Type: "token.rotate", Kind: KindToken, Key: out.ID, Doc: out}); err != nil {
			return err
		}
		cause := audit.Correlation{Parent: new(w.size - 1)}
		end := w.now.Add(overlap)
		switch {
		case overlap == 0:
			return w.remove(event{Type: "token.revoke", Kind: KindToken, Key: old.ID, Cause: cause})
		case old.ExpiresAt != nil && old.ExpiresAt.Before(end):
			return nil
		}
		old.ExpiresAt = &end
		return w.put(event{Type: "token.update", Kind: KindToken, Key: old.ID, Doc: old, Cause: cause})
	})
	return out, secret, err
}
