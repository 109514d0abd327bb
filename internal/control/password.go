package control

import (
	"context"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
)

// passwordKey is the key of what is kept of an account's password.
func passwordKey(account string) string { return "password/" + account }

// SetPassword keeps what package signin has made of an account's new password,
// a PHC string. People set their own, signed in; that of another takes the
// right to change accounts, and all that the account may do. Every session of
// the account ends but the one that it is done in. No earlier password is kept.
func (s *Service) SetPassword(ctx context.Context, p Principal, account, phc string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		a, err := get[Account](w, KindAccount, account)
		if err != nil {
			return asMissing(err, "account", account)
		}
		if a.Kind != KindHuman {
			return Invalidf("password", "only people have one; make a token for %s", a)
		}
		if w.p.ID != account || w.p.Via != viaSession {
			if err := w.may(Scope{}, PermUserWrite); err != nil {
				return err
			}
			if err := w.holdsAccount(a); err != nil {
				return err
			}
		}
		return w.setPassword(a, phc)
	})
}

func (w *work) setPassword(a Account, phc string) error {
	if err := w.PutSecret(passwordKey(a.ID), []byte(phc)); err != nil {
		return err
	}
	a.Password = audit.Sum([]byte(phc))
	if err := w.put(event{Type: "auth.password.set", Kind: KindAccount, Key: a.ID, Doc: a}); err != nil {
		return err
	}
	all, err := list[Session](w, KindSession, a.ID)
	for _, ses := range all {
		if ses.ID == w.p.Cred {
			continue
		}
		if err := w.remove(event{Type: "session.revoke", Kind: KindSession, Key: ses.ID}); err != nil {
			return err
		}
	}
	return err
}

// RenewPassword keeps the same password under newer parameters. It is for
// package signin, which has just seen the password.
func (s *Service) RenewPassword(ctx context.Context, account, phc string) error {
	return s.write(ctx, system("signin"), Normal, func(w *work) error {
		a, err := get[Account](w, KindAccount, account)
		if err != nil {
			return err
		}
		if err := w.PutSecret(passwordKey(account), []byte(phc)); err != nil {
			return err
		}
		a.Password = audit.Sum([]byte(phc))
		return w.put(event{Type: "auth.password.renew", Kind: KindAccount, Key: account, Doc: a})
	})
}

// FindLogin returns the person who signs in by a username or e-mail address,
// and what is kept of the password, "" where there is none. It is for package
// signin alone, which tells nobody whether there is such a person. A password
// that was put into the database behind the log's back is an error.
func (s *Service) FindLogin(ctx context.Context, login string) (Account, string, error) {
	var out Account
	var phc []byte
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Account](tx, KindAccount, "")
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(a Account) bool {
			return a.Kind == KindHuman && a.DisabledAt == nil && login != "" &&
				(strings.EqualFold(a.Username, login) || strings.EqualFold(a.Email, login))
		})
		if i < 0 {
			return nil
		}
		out = all[i]
		if out.Password == "" {
			return nil
		}
		if phc, err = tx.Secret(passwordKey(out.ID)); err == nil && audit.Sum(phc) != out.Password {
			return Errorf(Internal, "password_replaced", "the password of %s is not the one that the log knows of", out)
		}
		return err
	})
	return out, string(phc), err
}

// FindIdentity returns the person whom a provider knows as an identity, or an
// Error of Kind NotFound.
func (s *Service) FindIdentity(ctx context.Context, id Identity) (Account, error) {
	all, err := s.accounts(ctx)
	if err != nil {
		return Account{}, err
	}
	i := slices.IndexFunc(all, func(a Account) bool { return a.DisabledAt == nil && slices.Contains(a.Identities, id) })
	if i < 0 {
		return Account{}, Errorf(NotFound, "not_found", "nobody here has this identity")
	}
	return all[i], nil
}

// SignInFailed is told of a sign-in that failed, for the log: one record for
// each account and 100 ms at most, and one for all that name none.
func (s *Service) SignInFailed(account string) {
	d := &denial{typ: "auth.login.fail", code: codeDenied, count: 1}
	if account != "" {
		d.principal = Principal{Kind: KindHuman, ID: account, Via: "password", Origin: "ui"}
	}
	s.denials.put(d)
}
