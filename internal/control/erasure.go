package control

import (
	"context"
	"strings"
	"time"
)

// KindErasure is the kind of an Erasure, and KindHold that of a Hold; the key of
// both is the person's id.
const (
	KindErasure ResourceKind = "erasure"
	KindHold    ResourceKind = "legal_hold"
)

// Erasure is that a person's key was destroyed: what was sealed with it can be
// read by nobody, and every proof about it still verifies.
type Erasure struct {
	Person string    `json:"person"` // an account's id, u_1
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// Clear is how many revisions of the account were written before personal
	// data was sealed, and still show what they hold.
	Clear int `json:"clear"`
}

// Hold keeps what is known of a person, All for everybody, from being erased.
type Hold struct {
	Person string    `json:"person"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Erase destroys the key of a person, and deletes the account where it is still
// there. It cannot be undone. Under a legal hold it is a Conflict.
func (s *Service) Erase(ctx context.Context, p Principal, person, reason string) (Erasure, error) {
	out := Erasure{Person: person, Reason: reason}
	if err := checkReason(reason); err != nil {
		return out, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermAuditErase); err != nil {
			return err
		}
		if err := w.erasable(person); err != nil {
			return err
		}
		if err := w.dismiss(person); err != nil {
			return err
		}
		if err := w.PutSecret(personKey(person), nil); err != nil {
			return err
		}
		out.By, out.At = w.p.ID, w.now
		var err error
		if out.Clear, err = clearRevisions(w, person); err != nil {
			return err
		}
		w.perm = PermAuditErase
		return w.put(event{Type: "audit.erasure", Kind: KindErasure, Key: person, Doc: out})
	})
	return out, err
}

// erasable says why a person cannot be erased.
func (w *work) erasable(person string) error {
	if !strings.HasPrefix(person, accountPrefixes[KindHuman]) {
		return Invalidf("person", "%q is no person's id: those are as u_1", person)
	}
	if _, err := w.Revision(KindAccount, person, 1); err != nil {
		return asMissing(err, "person", person)
	}
	for _, held := range []string{person, All} {
		h, err := get[Hold](w, KindHold, held)
		if err == nil {
			return Errorf(Conflict, "legal_hold", "a legal hold of %s by %s keeps this: release it first", h.At.UTC().Format(time.DateOnly), h.By)
		}
		if KindOf(err) != NotFound {
			return err
		}
	}
	return absent(w, KindErasure, person, "person")
}

// dismiss deletes the account of a person, where it is still there.
func (w *work) dismiss(person string) error {
	a, err := get[Account](w, KindAccount, person)
	if err != nil {
		return present(err)
	}
	if err := w.holdsAccount(a); err != nil {
		return err
	}
	return w.deleteAccount(a)
}

// clearRevisions counts the revisions of an account that still say who it is
// after its key was destroyed.
func clearRevisions(tx ReadTx, person string) (int, error) {
	count := 0
	for rev := int64(1); ; rev++ {
		r, err := tx.Revision(KindAccount, person, rev)
		if err != nil {
			return count, present(err)
		}
		a, err := decode[Account](r)
		if err != nil {
			return count, err
		}
		for _, text := range []string{a.Name, a.Username, a.Email} {
			if text != "" && text != erased {
				count++
				break
			}
		}
	}
}

// SetHold keeps a person, or with All everybody, from being erased.
func (s *Service) SetHold(ctx context.Context, p Principal, person, reason string) (Hold, error) {
	out := Hold{Person: person, Reason: reason}
	if err := checkReason(reason); err != nil {
		return out, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermAuditHold); err != nil {
			return err
		}
		if person != All {
			if _, err := get[Account](w, KindAccount, person); err != nil {
				return asMissing(err, "person", person)
			}
		}
		if err := absent(w, KindHold, person, "person"); err != nil {
			return err
		}
		out.By, out.At = w.p.ID, w.now
		return w.put(event{Type: "audit.hold.set", Kind: KindHold, Key: person, Doc: out})
	})
	return out, err
}

// ReleaseHold ends a legal hold.
func (s *Service) ReleaseHold(ctx context.Context, p Principal, person string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermAuditHold); err != nil {
			return err
		}
		if _, err := get[Hold](w, KindHold, person); err != nil {
			return asMissing(err, "legal hold", person)
		}
		return w.remove(event{Type: "audit.hold.release", Kind: KindHold, Key: person})
	})
}

// Holds lists the legal holds.
func (s *Service) Holds(ctx context.Context, p Principal) ([]Hold, error) {
	return audited[Hold](ctx, s, p, KindHold)
}

// Erasures lists who was erased.
func (s *Service) Erasures(ctx context.Context, p Principal) ([]Erasure, error) {
	return audited[Erasure](ctx, s, p, KindErasure)
}

// audited lists a kind of resource for those who may read the log.
func audited[T any](ctx context.Context, s *Service, p Principal, kind ResourceKind) ([]T, error) {
	if err := p.May(PermAuditRead, Scope{}); err != nil {
		return nil, err
	}
	out := []T{}
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[T](tx, kind, "")
		return err
	})
	return out, err
}

func checkReason(reason string) error {
	if reason == "" || !printable(reason) || len(reason) > maxAccountText {
		return Invalidf("reason", "must be said, in at most %d bytes without control characters", maxAccountText)
	}
	return nil
}
