package control

import (
	"context"
	"time"
)

// ExpireToken gives a token another end, nil for none. It needs what making the
// token needs, since it may live longer by that.
func (s *Service) ExpireToken(ctx context.Context, p Principal, id string, at *time.Time) (Token, error) {
	if at != nil && !at.After(s.now()) {
		return Token{}, Invalidf("expiresAt", "must be in the future; revoke the token to end it now")
	}
	var out Token
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if out, err = get[Token](w, KindToken, id); err != nil {
			return asMissing(err, "token", id)
		}
		if err := w.mayMake(out); err != nil {
			return err
		}
		out.ExpiresAt = at
		if err := out.check(w.now); err != nil {
			return err
		}
		return w.put(event{Type: "token.update", Kind: KindToken, Key: id, Doc: out})
	})
	return out, err
}
