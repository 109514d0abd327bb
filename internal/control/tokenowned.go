package control

import (
	"context"
	"slices"
	"time"
)

// maxOwned is how many tokens one account may have at a time.
const maxOwned = 10

// mayOwn refuses to make a token for an account. People make their own, and
// those with which an agent acts on their behalf, when they are signed in:
// a token makes none of either. For a machine, and for an agent that acts for
// itself, it takes the right to change accounts, and all that the account may
// do.
func (w *work) mayOwn(in Token) error {
	owner, err := get[Account](w, KindAccount, in.Owner)
	if err != nil {
		return asField(err, "owner", "there is no account %q", in.Owner)
	}
	if (owner.Kind == KindAgent) != (in.Type == TokenAgent) {
		return Invalidf("type", "%s has tokens of the other type", owner)
	}
	person := in.For
	if owner.Kind == KindHuman {
		person = owner.ID
	}
	switch {
	case person != "" && (person != w.p.ID || w.p.Via != viaSession):
		return &Error{
			Kind: Denied, Code: "not_signed_in", Field: string(PermTokenCreate),
			Msg: "only this person can make the token, when signed in",
		}
	case person == "":
		if err := w.may(Scope{}, PermUserWrite); err != nil {
			return err
		}
		if err := w.holdsAccount(owner); err != nil {
			return err
		}
	}
	w.perm = PermTokenCreate
	return w.exist(in)
}

// nextOwned numbers the tokens of an account; other tokens have no number.
func (w *work) nextOwned(owner string) (int, error) {
	if owner == "" {
		return 0, nil
	}
	mine, err := ownedBy(w, owner)
	if err != nil {
		return 0, err
	}
	n, alive := 0, 0
	for _, t := range mine {
		n = max(n, t.Number)
		if t.ExpiresAt == nil || t.ExpiresAt.After(w.now) {
			alive++
		}
	}
	if alive >= maxOwned {
		return 0, Errorf(Conflict, "too_many_tokens", "%d tokens are the most that an account may have: revoke one first", maxOwned)
	}
	return n + 1, nil
}

func ownedBy(tx ReadTx, owner string) ([]Token, error) {
	all, err := list[Token](tx, KindToken, "")
	all = slices.DeleteFunc(all, func(t Token) bool { return t.Owner != owner })
	slices.SortFunc(all, func(a, b Token) int { return a.Number - b.Number })
	return all, err
}

// OwnTokens lists the tokens of an account, by number: one's own, or any with
// PermUserRead.
func (s *Service) OwnTokens(ctx context.Context, p Principal, account string) ([]Token, error) {
	if _, err := s.Account(ctx, p, account); err != nil {
		return nil, err
	}
	var out []Token
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = ownedBy(tx, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.withLastUse(ctx, out)
}

// CreateOwnToken makes a token of an account, with all that it may do; nil
// expires after 90 days.
func (s *Service) CreateOwnToken(ctx context.Context, p Principal, account, description string, expires *time.Time) (Token, string, error) {
	if !printable(description) || len(description) > maxAccountText {
		return Token{}, "", Invalidf("description", "must have at most %d bytes, and no control characters", maxAccountText)
	}
	return s.CreateToken(ctx, p, Token{
		Name: account, Description: description, Type: TokenPersonal, Owner: account, ExpiresAt: expires,
	})
}
