package signin

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/lockflight/lockflight/internal/control"
)

// Options are what a Service needs. Control is required.
type Options struct {
	Control *control.Service
	Cost    Cost // of a password's hash; DefaultCost where zero
	SSOOnly bool // passwords are for break-glass accounts alone

	// Providers sign people in too. PublicURL is where browsers find this
	// server, and needed for them.
	Providers []Provider
	PublicURL string

	Now    func() time.Time // time.Now where nil
	Logger *slog.Logger     // slog.Default where nil
}

// Service signs people in. Its methods may be called from any goroutine.
type Service struct {
	control  *control.Service
	hasher   *hasher
	throttle *throttle
	ssoOnly  bool
	log      *slog.Logger

	providers []*provider
}

// New returns a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Service{
		control: o.Control, hasher: newHasher(o.Cost), throttle: newThrottle(o.Now), ssoOnly: o.SSOOnly, log: o.Logger,
	}
	for _, p := range o.Providers {
		s.providers = append(s.providers, newProvider(p, o.PublicURL))
	}
	return s
}

// errWrong is the one answer to a sign-in that failed: whether there is such a
// person is nobody's business.
var errWrong = control.Errorf(control.Unauthenticated, "wrong_password", "the username or the password is wrong")

// SignIn proves a person by username or e-mail address and password, and
// returns the account and the secret of a new session. An account for
// emergencies takes BreakGlass.
func (s *Service) SignIn(ctx context.Context, login, password string, from netip.Addr) (control.Account, string, error) {
	a, err := s.prove(ctx, login, password, from, func(a control.Account) bool { return !a.BreakGlass && !s.ssoOnly })
	if err != nil {
		return a, "", err
	}
	_, secret, err := s.control.OpenSession(ctx, a.ID, "password", "")
	return a, secret, err
}

// BreakGlass is SignIn for an account for emergencies. It says why in at least
// 20 characters, which stay with the session; the session ends within an hour,
// and people are told of it by the log and the audit log.
func (s *Service) BreakGlass(ctx context.Context, login, password, reason string, from netip.Addr) (control.Account, string, error) {
	if utf8.RuneCountInString(reason) < 20 {
		return control.Account{}, "", control.Invalidf("reason", "must say why, in at least 20 characters")
	}
	a, err := s.prove(ctx, login, password, from, func(a control.Account) bool { return a.BreakGlass })
	if err != nil {
		return a, "", err
	}
	ses, secret, err := s.control.OpenSession(ctx, a.ID, "break_glass", reason)
	if err == nil {
		s.log.LogAttrs(ctx, slog.LevelError, "a break-glass account was used: find out who and why",
			slog.String("account", a.ID), slog.String("session", ses.ID), slog.Time("until", ses.ExpiresAt))
	}
	return a, secret, err
}

// prove compares a password. What is refused for another reason than that costs
// as much, and is answered the same.
func (s *Service) prove(ctx context.Context, login, password string, from netip.Addr, may func(control.Account) bool) (control.Account, error) {
	try := attemptOf(login, from)
	if err := s.throttle.enter(try); err != nil {
		return control.Account{}, err
	}
	a, phc, err := s.control.FindLogin(ctx, login)
	if err != nil {
		return control.Account{}, err
	}
	ok, stale, err := s.hasher.matches(ctx, phc, password)
	if err != nil {
		return control.Account{}, err
	}
	if !ok || !may(a) {
		s.throttle.failed(try)
		s.control.SignInFailed(a.ID)
		return control.Account{}, errWrong
	}
	s.throttle.succeeded(try)
	if stale {
		if err := s.renew(ctx, a, password); err != nil {
			return control.Account{}, err
		}
	}
	return a, nil
}

// renew hashes a password anew that was hashed at another cost.
func (s *Service) renew(ctx context.Context, a control.Account, password string) error {
	phc, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.control.RenewPassword(ctx, a.ID, phc)
}

// SetPassword gives an account a new password, as control.Service.SetPassword
// allows it.
func (s *Service) SetPassword(ctx context.Context, p control.Principal, account, password string) error {
	a, err := s.control.Account(ctx, p, account)
	if err != nil {
		return err
	}
	if err := checkPassword(password, a); err != nil {
		return err
	}
	phc, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.control.SetPassword(ctx, p, account, phc)
}

// FirstAdmin makes the account of a new installation's first admin. It is for
// whoever holds the set-up link.
func (s *Service) FirstAdmin(ctx context.Context, username, password string) error {
	in := control.Account{Kind: control.KindHuman, Username: username, Role: control.RoleAdmin}
	if err := checkPassword(password, in); err != nil {
		return err
	}
	a, err := s.control.CreateAccount(ctx, control.Setup(), in)
	if control.KindOf(err) == control.Exists { // the form came a second time
		a, _, err = s.control.FindLogin(ctx, username)
	}
	if err != nil {
		return err
	}
	return s.SetPassword(ctx, control.Setup(), a.ID, password)
}

// ChangePassword sets one's own password, with the one before as a proof that
// it is not somebody at a screen that was left open.
func (s *Service) ChangePassword(ctx context.Context, p control.Principal, old, password string, from netip.Addr) error {
	a, err := s.control.Account(ctx, p, p.ID)
	if err != nil {
		return err
	}
	login := a.Username
	if login == "" {
		login = a.Email
	}
	if _, err := s.prove(ctx, login, old, from, func(b control.Account) bool { return b.ID == a.ID }); err != nil {
		if control.KindOf(err) == control.Unauthenticated {
			return control.Invalidf("oldPassword", "is wrong")
		}
		return err
	}
	return s.SetPassword(ctx, p, a.ID, password)
}

// CheckPassword says what is wrong with a password that somebody may want.
func (s *Service) CheckPassword(password string) error {
	return checkPassword(password, control.Account{})
}
