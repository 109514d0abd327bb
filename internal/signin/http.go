package signin

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Register adds the routes below /auth/, and those of Unleash for the same.
func (s *Service) Register(mux *http.ServeMux) {
	serve := func(pattern string, h httpapi.Handler) {
		mux.Handle(pattern, httpapi.Serve(s.log, httpapi.WriteProblem, h))
	}
	serve("POST /auth/password", s.password)
	serve("POST /auth/simple/login", s.password) // Unleash's
	serve("POST /auth/breakglass", s.breakGlass)
	s.registerProviders(serve)
	for pattern, h := range map[string]httpapi.Handler{
		"GET /auth/session":          s.session,
		"POST /auth/logout":          s.logout,
		"POST /logout":               s.logout, // Unleash's
		"POST /auth/logout-all":      s.logoutAll,
		"POST /auth/password/change": s.changePassword,
	} {
		serve(pattern, httpapi.Authenticate(s.control, h))
	}
}

// accountDoc is who is signed in, with the keys of Unleash's userSchema.
type accountDoc struct {
	ID          int       `json:"id"`
	Account     string    `json:"account"` // the id in the audit log
	Name        string    `json:"name"`
	Username    string    `json:"username"`
	Email       string    `json:"email"`
	RootRole    int       `json:"rootRole"`
	AccountType string    `json:"accountType"`
	CreatedAt   time.Time `json:"createdAt"`
}

func accountOf(a control.Account) accountDoc {
	return accountDoc{a.Number, a.ID, a.Name, a.Username, a.Email, a.Role, "User", a.CreatedAt}
}

// credentials are the body of a sign-in.
type credentials struct {
	Username string `json:"username"` // or the e-mail address
	Password string `json:"password"`
	Reason   string `json:"reason"` // of a break-glass account
}

func (s *Service) password(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := readSignIn(w, r, &in); err != nil {
		return err
	}
	a, secret, err := s.SignIn(r.Context(), in.Username, in.Password, remote(r))
	if err != nil {
		return err
	}
	return welcome(w, a, secret)
}

func (s *Service) breakGlass(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := readSignIn(w, r, &in); err != nil {
		return err
	}
	a, secret, err := s.BreakGlass(r.Context(), in.Username, in.Password, in.Reason, remote(r))
	if err != nil {
		return err
	}
	return welcome(w, a, secret)
}

// readSignIn reads a sign-in that no other site has sent in the person's name:
// who is signed in as somebody else without knowing works for them.
func readSignIn(w http.ResponseWriter, r *http.Request, in *credentials) error {
	if err := httpapi.SameOrigin(r); err != nil {
		return err
	}
	if err := httpapi.AdminBody.Decode(w, r, in); err != nil {
		return err
	}
	if in.Username == "" || in.Password == "" {
		return control.Invalidf("username", "is needed, and the password")
	}
	return nil
}

// welcome answers a sign-in with the session's cookie.
func welcome(w http.ResponseWriter, a control.Account, secret string) error {
	httpapi.SetSession(w, secret)
	return httpapi.WriteJSON(w, http.StatusOK, accountOf(a))
}

// session answers who is signed in, and until when.
func (s *Service) session(w http.ResponseWriter, r *http.Request) error {
	p := httpapi.CallerOf(r.Context()).Principal
	a, err := s.control.Account(r.Context(), p, p.ID)
	if err != nil {
		return err
	}
	all, err := s.control.Sessions(r.Context(), p, p.ID)
	if err != nil {
		return err
	}
	out := struct {
		User      accountDoc `json:"user"`
		Method    string     `json:"method,omitempty"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty"`
		Sessions  int        `json:"sessions"`
	}{User: accountOf(a), Sessions: len(all)}
	for _, ses := range all {
		if ses.ID == p.Cred {
			out.Method, out.ExpiresAt = ses.Method, &ses.ExpiresAt
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

func (s *Service) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.control.CloseSession(r.Context(), httpapi.CallerOf(r.Context()).Principal); err != nil {
		return err
	}
	return farewell(w)
}

// logoutAll ends every session of the person, also elsewhere.
func (s *Service) logoutAll(w http.ResponseWriter, r *http.Request) error {
	p := httpapi.CallerOf(r.Context()).Principal
	if err := s.control.CloseSessions(r.Context(), p, p.ID); err != nil {
		return err
	}
	return farewell(w)
}

// farewell takes the cookie back.
func farewell(w http.ResponseWriter) error {
	httpapi.SetSession(w, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) changePassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		OldPassword string `json:"oldPassword"`
		Password    string `json:"password"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	p := httpapi.CallerOf(r.Context()).Principal
	if err := s.ChangePassword(r.Context(), p, in.OldPassword, in.Password, remote(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// remote is the address that the request came from, the zero Addr where it has
// none. What a header says of it is not believed.
func remote(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr()
}
