package control

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KindAccount is the resource of an Account.
const KindAccount ResourceKind = "account"

// Account is a principal that is granted roles: a person, a machine, or an
// agent. What it may do is read anew for each state of the log.
type Account struct {
	ID       string        `json:"id"`     // u_, sa_ or ag_ and the number
	Number   int           `json:"number"` // Unleash's id, from 1, never given twice
	Kind     PrincipalKind `json:"kind"`   // KindHuman, KindService or KindAgent
	Name     string        `json:"name,omitempty"`
	Username string        `json:"username,omitempty"`
	Email    string        `json:"email,omitempty"`
	Role     int           `json:"rootRole"` // of a Role that counts everywhere

	// Owner is the id of the account that answers for a machine or an agent,
	// and Purpose what that is for.
	Owner   string `json:"owner,omitempty"`
	Purpose string `json:"purpose,omitempty"`

	// Tiers, Budgets and Demoted are what an agent may do by itself.
	Tiers   []TierGrant        `json:"tiers,omitempty"`
	Budgets map[BudgetKind]int `json:"budgets,omitempty"` // limits that are not those of Budgets
	Demoted *Demotion          `json:"demoted,omitempty"`

	// Identities are those at providers that sign the person in.
	Identities []Identity `json:"identities,omitempty"`

	// BreakGlass is an account for when nothing else lets anybody in: only a
	// password does, and each sign-in is an event of its own.
	BreakGlass bool `json:"breakGlass,omitempty"`

	// Password is the Sum of what is kept of the password, empty without one.
	Password string `json:"password,omitempty"`

	CreatedAt  time.Time  `json:"createdAt"`
	CreatedBy  string     `json:"createdBy,omitempty"`
	DisabledAt *time.Time `json:"disabledAt,omitempty"`

	LastUsedAt *time.Time `json:"-"` // of any credential, within a minute; in lists alone
}

// Identity is who a person is at a provider. The pair is the key, never the
// e-mail address: that may come to belong to somebody else.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// accountPrefixes begin the ids of accounts.
var accountPrefixes = map[PrincipalKind]string{KindHuman: "u_", KindService: "sa_", KindAgent: "ag_"}

// CreateAccount adds an account. Nobody can give it a role that may do what
// they may not.
func (s *Service) CreateAccount(ctx context.Context, p Principal, in Account) (Account, error) {
	if err := in.check(); err != nil {
		return Account{}, err
	}
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		in, err = w.addAccount(in)
		return err
	})
	return in, err
}

func (w *work) addAccount(in Account) (Account, error) {
	in, err := w.newAccount(in)
	if err != nil {
		return in, err
	}
	return in, w.put(accountEvent("create", in))
}

// newAccount returns an account that may be added, with its number.
func (w *work) newAccount(in Account) (Account, error) {
	if err := w.may(Scope{}, PermUserWrite); err != nil {
		return in, err
	}
	in.Password, in.DisabledAt = "", nil
	in.Tiers, in.Budgets, in.Demoted = nil, nil, nil // RegisterAgent gives them
	all, err := list[Account](w, KindAccount, "")
	if err != nil {
		return in, err
	}
	if err := in.checkAmong(all); err != nil {
		return in, err
	}
	if err := w.grantsRole(in.Role); err != nil {
		return in, err
	}
	if in.Number, err = nextAccount(w, all); err != nil {
		return in, err
	}
	in.ID = accountPrefixes[in.Kind] + strconv.Itoa(in.Number)
	in.CreatedAt, in.CreatedBy = w.now, w.p.ID
	return in, nil
}

func accountEvent(verb string, a Account) event {
	class := map[PrincipalKind]string{KindHuman: "user.", KindService: "sa.", KindAgent: "agent."}[a.Kind]
	return event{Type: class + verb, Kind: KindAccount, Key: a.ID, Doc: a}
}

// nextAccount returns the next number, which none has had before.
func nextAccount(tx ReadTx, all []Account) (int, error) {
	n := 1
	for _, a := range all {
		n = max(n, a.Number+1)
	}
	for ; ; n++ {
		taken := false
		for _, prefix := range accountPrefixes {
			_, err := tx.Revision(KindAccount, prefix+strconv.Itoa(n), 1)
			if err != nil && KindOf(err) != NotFound {
				return 0, err
			}
			taken = taken || err == nil
		}
		if !taken {
			return n, nil
		}
	}
}

// check says what is wrong with an account by itself.
func (a Account) check() error {
	if accountPrefixes[a.Kind] == "" {
		return Invalidf("kind", "%q is not human, service or agent", a.Kind)
	}
	for field, text := range map[string]string{"name": a.Name, "username": a.Username, "purpose": a.Purpose} {
		if !printable(text) || len(text) > maxAccountText {
			return Invalidf(field, "must have at most %d bytes, and no control characters", maxAccountText)
		}
	}
	if a.Email != "" {
		if got, err := mail.ParseAddress(a.Email); err != nil || got.Address != a.Email {
			return Invalidf("email", "is not an e-mail address")
		}
	}
	switch {
	case a.Kind == KindHuman && a.Username == "" && a.Email == "":
		return Invalidf("email", "is needed, or a username")
	case a.Kind != KindHuman && a.Username == "":
		return Invalidf("username", "must not be empty")
	case a.Kind == KindAgent && a.Owner == "":
		return Invalidf("owner", "must name the person who answers for the agent")
	case a.Kind != KindHuman && (a.BreakGlass || len(a.Identities) > 0):
		return Invalidf("kind", "only people sign in")
	}
	return nil
}

const maxAccountText = 256

// checkAmong says what of an account another one has already, or lacks.
func (a Account) checkAmong(all []Account) error {
	owned := a.Owner == ""
	for _, other := range all {
		owned = owned || other.ID == a.Owner && other.Kind == KindHuman
		if other.ID == a.ID {
			continue
		}
		taken := ""
		switch {
		case a.Username != "" && strings.EqualFold(a.Username, other.Username):
			taken = "username"
		case a.Email != "" && strings.EqualFold(a.Email, other.Email):
			taken = "email"
		case slices.ContainsFunc(a.Identities, func(i Identity) bool { return slices.Contains(other.Identities, i) }):
			taken = "identities"
		}
		if taken != "" {
			return &Error{Kind: Exists, Code: "exists", Field: taken, Msg: "another account has it"}
		}
	}
	if !owned {
		return Invalidf("owner", "there is no person %q", a.Owner)
	}
	return nil
}

// AccountEdit says what to change of an account. A nil field leaves what is
// there.
type AccountEdit struct {
	Name, Username, Email, Owner, Purpose *string

	Role       *int
	Identities *[]Identity
	Disabled   *bool
}

// EditAccount changes an account. Its rights must be held by whoever changes
// it, because who can say how an account signs in can act as it; switching it
// off needs the permission alone.
func (s *Service) EditAccount(ctx context.Context, p Principal, id string, in AccountEdit) (Account, error) {
	var out Account
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if err := w.may(Scope{}, PermUserWrite); err != nil {
			return err
		}
		if out, err = get[Account](w, KindAccount, id); err != nil {
			return asMissing(err, "account", id)
		}
		onlyOff := in.Disabled != nil && *in.Disabled && in == AccountEdit{Disabled: in.Disabled}
		if !onlyOff {
			if err := w.holdsAccount(out); err != nil {
				return err
			}
		}
		if in.Role != nil && *in.Role != out.Role {
			if err := w.grantsRole(*in.Role); err != nil {
				return err
			}
		}
		return w.editAccount(&out, in)
	})
	return out, err
}

func (w *work) editAccount(a *Account, in AccountEdit) error {
	set(&a.Name, in.Name)
	set(&a.Username, in.Username)
	set(&a.Email, in.Email)
	set(&a.Owner, in.Owner)
	set(&a.Purpose, in.Purpose)
	set(&a.Role, in.Role)
	set(&a.Identities, in.Identities)
	verb := "update"
	if in.Disabled != nil && *in.Disabled != (a.DisabledAt != nil) {
		a.DisabledAt = nil
		if *in.Disabled {
			a.DisabledAt, verb = &w.now, "disable"
		}
	}
	if err := a.check(); err != nil {
		return err
	}
	all, err := list[Account](w, KindAccount, "")
	if err != nil {
		return err
	}
	if err := a.checkAmong(all); err != nil {
		return err
	}
	return w.put(accountEvent(verb, *a))
}

// DeleteAccount removes an account. All that it could sign in with ends with
// it; in groups and projects it counts for nothing.
func (s *Service) DeleteAccount(ctx context.Context, p Principal, id string) error {
	return s.write(ctx, p, Urgent, func(w *work) error {
		if err := w.may(Scope{}, PermUserWrite); err != nil {
			return err
		}
		a, err := get[Account](w, KindAccount, id)
		if err != nil {
			return asMissing(err, "account", id)
		}
		return w.deleteAccount(a)
	})
}

func (w *work) deleteAccount(a Account) error {
	if err := w.PutSecret(passwordKey(a.ID), nil); err != nil {
		return err
	}
	return w.remove(accountEvent("delete", a))
}

// Accounts lists the accounts, by number.
func (s *Service) Accounts(ctx context.Context, p Principal) ([]Account, error) {
	if err := p.May(PermUserRead, Scope{}); err != nil {
		return nil, err
	}
	out, err := s.accounts(ctx)
	if err != nil {
		return nil, err
	}
	return out, s.fillLastUse(ctx, out)
}

// People lists, by number, who can be made a member of something, with no more
// than their names. It is for whoever may read in some project.
func (s *Service) People(ctx context.Context, p Principal) ([]Account, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	all, err := s.accounts(ctx)
	for i, a := range all {
		all[i] = Account{ID: a.ID, Number: a.Number, Kind: a.Kind, Name: a.Name, Username: a.Username, Email: a.Email}
	}
	return all, err
}

func (s *Service) accounts(ctx context.Context) ([]Account, error) {
	var out []Account
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[Account](tx, KindAccount, "")
		slices.SortFunc(out, func(a, b Account) int { return a.Number - b.Number })
		return err
	})
	return out, err
}

// Account returns one account: one's own, or any with PermUserRead.
func (s *Service) Account(ctx context.Context, p Principal, id string) (Account, error) {
	if p.ID != id || id == "" {
		if err := p.May(PermUserRead, Scope{}); err != nil {
			return Account{}, err
		}
	}
	var out Account
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = get[Account](tx, KindAccount, id)
		return asMissing(err, "account", id)
	})
	return out, err
}

// fillLastUse fills in when accounts were last active.
func (s *Service) fillLastUse(ctx context.Context, accounts []Account) error {
	used, err := s.lastUses(ctx, "")
	if err != nil {
		return err
	}
	owner := map[string]string{}
	err = s.store.View(ctx, func(tx ReadTx) error {
		tokens, err := list[Token](tx, KindToken, "")
		for _, t := range tokens {
			owner[t.ID] = t.Owner
		}
		return err
	})
	last := map[string]time.Time{}
	for id, at := range used {
		if who := owner[id]; at.After(last[who]) {
			last[who] = at
		}
	}
	for i, a := range accounts {
		if at, ok := last[a.ID]; ok {
			accounts[i].LastUsedAt = &at
		}
	}
	return err
}

// String names an account in messages and logs, without what is personal.
func (a Account) String() string { return fmt.Sprintf("%s %s", a.Kind, a.ID) }
