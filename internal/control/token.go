package control

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TokenType is what a token may be used for. Unleash's "client" is backend.
type TokenType string

// The types of token.
const (
	TokenAdmin    TokenType = "admin"
	TokenBackend  TokenType = "backend"
	TokenFrontend TokenType = "frontend"
)

// Token is a credential in Unleash's form, project:environment.secret. Only
// the SHA-256 of the whole is stored; the secret is shown once, when made.
type Token struct {
	ID          string     `json:"id"` // tok_ and the first 20 hex digits of the hash
	Name        string     `json:"name"`
	Type        TokenType  `json:"type"`
	Projects    []string   `json:"projects"`    // All for every project
	Environment string     `json:"environment"` // All only for admin tokens
	Hash        string     `json:"hash"`
	CreatedAt   time.Time  `json:"createdAt"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
}

// CreateToken makes a token and returns it with its secret, which cannot be
// read again.
func (s *Service) CreateToken(ctx context.Context, p Principal, in Token) (Token, string, error) {
	var raw [28]byte // the length that Unleash's own tokens have
	_, _ = rand.Read(raw[:])
	scope := "[]"
	if len(in.Projects) == 1 {
		scope = in.Projects[0]
	}
	if len(in.Projects) == 0 {
		in.Projects, scope = []string{All}, All
	}
	if in.Type == TokenAdmin && in.Environment == "" {
		in.Environment = All
	}
	secret := scope + ":" + in.Environment + "." + hex.EncodeToString(raw[:])
	t, err := s.addToken(ctx, p, in, secret)
	return t, secret, err
}

// AddToken stores a token whose secret the operator chose (INIT_*_API_TOKENS).
// It is idempotent: the same secret again changes nothing, and one that was
// revoked stays so.
func (s *Service) AddToken(ctx context.Context, p Principal, typ TokenType, secret string) (Token, error) {
	scope, rest, ok := strings.Cut(secret, ":")
	env, random, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || scope == "" || env == "" || random == "" {
		return Token{}, Invalidf("token", "must have the form project:environment.secret")
	}
	if scope == "[]" {
		return Token{}, Invalidf("token", "[] names no projects here: use one project or *")
	}
	return s.addToken(ctx, p, Token{
		Name: "init-" + string(typ), Type: typ, Projects: []string{scope}, Environment: env,
	}, secret)
}

func (s *Service) addToken(ctx context.Context, p Principal, in Token, secret string) (Token, error) {
	if err := s.checkToken(in); err != nil {
		return Token{}, err
	}
	in.ID, in.Hash = tokenID(secret)
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.mayMake(in); err != nil {
			return err
		}
		old, err := w.Revision(KindToken, in.ID, 1)
		if KindOf(err) == NotFound {
			in.CreatedAt = w.now
			return w.put(event{Type: "token.create", Kind: KindToken, Key: in.ID, Doc: in})
		}
		if err != nil {
			return err
		}
		typ := in.Type
		if in, err = decode[Token](old); err == nil && in.Type != typ {
			return &Error{Kind: Exists, Code: "exists", Field: "token", Msg: fmt.Sprintf("is an existing %s token's", in.Type)}
		}
		return err
	})
	return in, err
}

// mayMake refuses a token that reaches further than who makes it, or to what is
// not there.
func (w *work) mayMake(in Token) error {
	scope := Scope{Environment: in.Environment}
	if in.Type == TokenAdmin {
		scope = Scope{}
	}
	for i, project := range in.Projects {
		scope.Project = project
		if err := w.may(scope, PermTokenCreate); err != nil {
			return err
		}
		if project == All {
			continue
		}
		if _, err := get[Project](w, KindProject, project); err != nil {
			return asField(err, fmt.Sprintf("projects[%d]", i), "there is no project %q", project)
		}
	}
	if in.Environment == All {
		return nil
	}
	_, err := get[Environment](w, KindEnvironment, in.Environment)
	return asField(err, "environment", "there is no environment %q", in.Environment)
}

func (s *Service) checkToken(in Token) error {
	if err := checkName("name", in.Name); err != nil {
		return err
	}
	if in.ExpiresAt != nil && !in.ExpiresAt.After(s.now()) {
		return Invalidf("expiresAt", "must be in the future")
	}
	if len(in.Projects) > 1 && slices.Contains(in.Projects, All) {
		return Invalidf("projects", "* is every project: name it alone")
	}
	switch in.Type {
	case TokenAdmin:
		if in.Environment != All || !slices.Equal(in.Projects, []string{All}) {
			return Invalidf("type", "an admin token is for all projects and environments: *:*")
		}
	case TokenBackend, TokenFrontend:
		if in.Environment == All || in.Environment == "" {
			return Invalidf("environment", "a %s token is for one environment", in.Type)
		}
	default:
		return Invalidf("type", "%q is not admin, backend (or client), or frontend", in.Type)
	}
	return nil
}

// RevokeToken ends a token at once.
func (s *Service) RevokeToken(ctx context.Context, p Principal, id string) error {
	return s.write(ctx, p, Urgent, func(w *work) error {
		if err := w.may(Scope{}, PermTokenRevoke); err != nil {
			return err
		}
		if _, err := get[Token](w, KindToken, id); err != nil {
			return err
		}
		return w.remove(event{Type: "token.revoke", Kind: KindToken, Key: id})
	})
}

// Tokens lists the tokens, without their secrets, which are nowhere.
func (s *Service) Tokens(ctx context.Context, p Principal) ([]Token, error) {
	if err := p.May(PermTokenRead, Scope{}); err != nil {
		return nil, err
	}
	var out []Token
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[Token](tx, KindToken, "")
		return err
	})
	return out, err
}

// Authenticate returns the principal of a token, or an Error of Kind
// Unauthenticated.
func (s *Service) Authenticate(ctx context.Context, secret string) (Principal, Token, error) {
	id, hash := tokenID(secret)
	var t Token
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		t, err = get[Token](tx, KindToken, id)
		return err
	})
	switch {
	case KindOf(err) == NotFound,
		err == nil && subtle.ConstantTimeCompare([]byte(hash), []byte(t.Hash)) != 1,
		err == nil && t.ExpiresAt != nil && !s.now().Before(*t.ExpiresAt):
		return Principal{}, Token{}, Errorf(Unauthenticated, "unauthenticated", "the token is not known, or has expired")
	case err != nil:
		return Principal{}, Token{}, err
	}
	return t.principal(), t, nil
}

func (t Token) principal() Principal {
	p := Principal{Kind: KindSDK, ID: t.ID, Via: "sdk", Cred: t.ID, Origin: "api"}
	g := Grant{Projects: t.Projects, Environments: []string{t.Environment}}
	switch t.Type {
	case TokenAdmin:
		p.Kind, p.Via = KindService, "sat"
		g.Permissions = []Permission{PermAny}
	case TokenBackend:
		g.Permissions = []Permission{PermClientRead, PermClientWrite, PermEvidenceWrite}
	case TokenFrontend:
		g.Permissions = []Permission{PermClientWrite}
	}
	p.Grants = []Grant{g}
	return p
}

func tokenID(secret string) (id, hash string) {
	sum := sha256.Sum256([]byte(secret))
	hash = hex.EncodeToString(sum[:])
	return "tok_" + hash[:20], hash
}
