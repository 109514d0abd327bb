package control

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// errCredential is the one answer to every credential that is not valid: which
// of the reasons it is would help who guesses.
var errCredential = Errorf(Unauthenticated, "unauthenticated", "the token is not known, or has expired")

// Authenticate returns the principal of a secret, or an Error of Kind
// Unauthenticated. One that is known here is answered from memory, without an
// allocation, until it ends, or the log grows: a revocation counts from the
// next request on this replica, and within a second on any other.
func (s *Service) Authenticate(ctx context.Context, secret string) (Principal, Token, error) {
	now := s.now()
	sum := digest(secret)
	c := s.credentials.find(&sum, now)
	if c == nil {
		var err error
		if c, err = s.readCredential(ctx, secret, sum, now); err != nil {
			s.reject(c, err)
			return Principal{}, Token{}, err
		}
	}
	return c.Principal, c.token, nil
}

// reject has the log told of a credential that is not valid, or whose agent was
// killed: c is the one of its identifier, if there is one.
func (s *Service) reject(c *credential, err error) {
	switch {
	case c != nil && KindOf(err) == Denied:
		s.denials.add(c.Principal, err)
	case !errors.Is(err, errCredential):
	case c == nil:
		s.denials.reject("")
	default:
		s.denials.reject(c.Cred)
	}
}

// readCredential is Authenticate by the store. With an error that the secret is
// not valid it returns the credential of its identifier, where that exists.
func (s *Service) readCredential(ctx context.Context, secret string, sum [sha256.Size]byte, now time.Time) (*credential, error) {
	var c *credential
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		c, err = s.resolve(tx, credentialID(secret, sum), now)
		return err
	})
	stored := make([]byte, hex.EncodedLen(len(sum))) // an unknown id costs what a known one does
	if c != nil {
		stored = []byte(c.hash)
	}
	same := subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), stored) == 1
	if !same && (err == nil || KindOf(err) == Denied) {
		err = errCredential
	}
	if err != nil {
		return c, err
	}
	if err := s.checkIdle(ctx, c, now); err != nil {
		return c, err
	}
	s.credentials.add(sum, c, now)
	return c, nil
}

// checkIdle refuses a session that was left unused for too long.
func (s *Service) checkIdle(ctx context.Context, c *credential, now time.Time) error {
	if c.idle == 0 {
		return nil
	}
	used, err := s.lastUses(ctx, c.Cred)
	if err != nil {
		return err
	}
	last := c.began
	if used[c.Cred].After(last) {
		last = used[c.Cred]
	}
	if now.Sub(last) > c.idle {
		return errCredential
	}
	return nil
}

// resolve reads what the credential of an id allows, in one state of the store.
// That of a killed agent is returned with the error that says so.
func (s *Service) resolve(tx ReadTx, id string, now time.Time) (*credential, error) {
	head, err := tx.Head()
	if err != nil {
		return nil, err
	}
	read := resolveToken
	if strings.HasPrefix(id, "ses_") {
		read = resolveSession
	}
	c, err := read(tx, id)
	if err != nil {
		return nil, err
	}
	c.size = head.Size
	if c.ended(now) {
		return c, errCredential
	}
	if c.agent != nil {
		c.withoutOff(now)
	}
	return c, alive(tx, c.Principal, "")
}

func resolveToken(tx ReadTx, id string) (*credential, error) {
	t, err := get[Token](tx, KindToken, id)
	if KindOf(err) == NotFound {
		return nil, errCredential
	}
	if err != nil {
		return nil, err
	}
	c := &credential{Principal: t.Principal(), token: t, hash: t.Hash}
	if t.ExpiresAt != nil {
		c.ends = *t.ExpiresAt
	}
	if t.Owner != "" {
		c.Principal, err = t.actor(tx)
	}
	return c, err
}

// actor is the principal of an account's token: the account, within the scopes
// of the token, and where it acts on behalf of a person, within the rights that
// this person has now.
func (t Token) actor(tx ReadTx) (Principal, error) {
	p, err := actor(tx, t.Owner)
	if err != nil {
		return p, err
	}
	p.Via, p.Cred = "sat", t.ID
	if p.Kind == KindHuman {
		p.Via = "pat"
	}
	p.Within = [][]Grant{t.Principal().Grants}
	if t.For == "" {
		return p, nil
	}
	person, err := actor(tx, t.For)
	p.OnBehalfOf, p.Within = t.For, append(p.Within, person.Grants)
	return p, err
}

// refresh reads again what the principal may do where the log has grown since
// it was authenticated, so that a right that was taken away meanwhile allows no
// write. It is for the inside of the write's transaction. Principals that no
// credential stands behind, such as the engine, stay what they are.
func (w *work) refresh() error {
	if w.p.size == 0 {
		return nil
	}
	head, err := w.Head()
	if err != nil || w.p.size == head.Size {
		return err
	}
	c, err := w.s.resolve(w, w.p.Cred, w.now)
	if err != nil {
		return err
	}
	c.Origin = w.p.Origin
	w.p = c.Principal
	return nil
}
