package control

import (
	"context"
	"encoding/hex"
	"slices"
	"time"
)

// KindSession is the resource of a Session.
const KindSession ResourceKind = "session"

// The limits of sessions.
const (
	SessionIdle = 30 * time.Minute // without a request
	SessionLife = 12 * time.Hour   // whatever happens
	maxSessions = 5                // of one account; the oldest ends for a new one

	breakGlassLife = time.Hour // of a session of an account for emergencies
)

// viaSession is the Via of a person who is signed in. No token is, so none can
// do what is for people in a session.
const viaSession = "session"

// Session is a person who is signed in. Only the SHA-256 of its secret is kept.
type Session struct {
	ID        string    `json:"id"` // ses_ and the id within the secret
	Account   string    `json:"account"`
	Method    string    `json:"method"` // password, oidc or break_glass
	Hash      string    `json:"hash"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	Reason    string    `json:"reason,omitempty"` // given for a break-glass account
}

// OpenSession signs an account in and returns the session's secret, which goes
// into a cookie and nowhere else. It is for package signin, which has seen the
// proof; method says which, and reason why, where it must be said.
func (s *Service) OpenSession(ctx context.Context, account, method, reason string) (Session, string, error) {
	id, secret := newSecret(sessionKind)
	sum := digest(secret)
	out := Session{ID: "ses_" + id, Account: account, Method: method, Reason: reason, Hash: hex.EncodeToString(sum[:])}
	err := s.write(ctx, Principal{Kind: KindHuman, ID: account, Via: method, Cred: out.ID, Origin: "ui"}, Normal, func(w *work) error {
		a, err := get[Account](w, KindAccount, account)
		if err != nil || a.DisabledAt != nil || a.Kind != KindHuman {
			return errCredential
		}
		if err := w.endSessions(account, maxSessions-1); err != nil {
			return err
		}
		out.CreatedAt, out.ExpiresAt = w.now, w.now.Add(SessionLife)
		typ := "auth.login.ok"
		if a.BreakGlass {
			typ, out.ExpiresAt = "auth.breakglass.open", w.now.Add(breakGlassLife)
		}
		return w.put(event{Type: typ, Kind: KindSession, Key: out.ID, Doc: out})
	})
	return out, secret, err
}

// endSessions ends the oldest sessions of an account, all but keep of them, and
// those that are over.
func (w *work) endSessions(account string, keep int) error {
	all, err := list[Session](w, KindSession, account)
	slices.SortFunc(all, func(a, b Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for i, ses := range all {
		if i < keep && ses.ExpiresAt.After(w.now) {
			continue
		}
		if err := w.remove(event{Type: "session.expire", Kind: KindSession, Key: ses.ID}); err != nil {
			return err
		}
	}
	return err
}

// CloseSession signs out: it ends the session that p acts in.
func (s *Service) CloseSession(ctx context.Context, p Principal) error {
	if p.Via != viaSession {
		return Errorf(Invalid, "no_session", "only who is signed in can sign out")
	}
	return s.write(ctx, p, Urgent, func(w *work) error {
		return w.remove(event{Type: "auth.logout", Kind: KindSession, Key: w.p.Cred})
	})
}

// CloseSessions ends all sessions of an account: one's own, or anybody's with
// PermUserWrite.
func (s *Service) CloseSessions(ctx context.Context, p Principal, account string) error {
	return s.write(ctx, p, Urgent, func(w *work) error {
		if w.p.ID != account {
			if err := w.may(Scope{}, PermUserWrite); err != nil {
				return err
			}
		}
		all, err := list[Session](w, KindSession, account)
		for _, ses := range all {
			if err := w.remove(event{Type: "session.revoke", Kind: KindSession, Key: ses.ID}); err != nil {
				return err
			}
		}
		return err
	})
}

// Sessions lists the sessions of an account that are not over, oldest first.
func (s *Service) Sessions(ctx context.Context, p Principal, account string) ([]Session, error) {
	if _, err := s.Account(ctx, p, account); err != nil {
		return nil, err
	}
	var out []Session
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Session](tx, KindSession, account)
		out = slices.DeleteFunc(all, func(ses Session) bool { return !ses.ExpiresAt.After(s.now()) })
		slices.SortFunc(out, func(a, b Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
		return err
	})
	return out, err
}

// resolveSession reads a session as a credential.
func resolveSession(tx ReadTx, id string) (*credential, error) {
	ses, err := get[Session](tx, KindSession, id)
	if KindOf(err) == NotFound {
		return nil, errCredential
	}
	if err != nil {
		return nil, err
	}
	p, err := actor(tx, ses.Account)
	p.Via, p.Cred, p.Origin = viaSession, ses.ID, "ui"
	return &credential{Principal: p, hash: ses.Hash, ends: ses.ExpiresAt, began: ses.CreatedAt, idle: SessionIdle}, err
}
