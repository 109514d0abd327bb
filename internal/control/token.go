package control

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TokenType is what a token may be used for. Unleash's "client" is backend.
type TokenType string

// The types of token. Those of SDKs have Unleash's form, so that every SDK and
// edge reads from them where they belong; the others carry an id and a
// checksum.
const (
	TokenAdmin    TokenType = "admin"
	TokenBackend  TokenType = "backend"
	TokenFrontend TokenType = "frontend"
	TokenService  TokenType = "service" // a machine's, for the permissions that it names
	TokenEdge     TokenType = "edge"

	// Tokens of accounts: they may do what the account may, and no more than
	// their scopes. An agent's ends within 90 days.
	TokenPersonal TokenType = "personal" // a person's, or a machine's
	TokenAgent    TokenType = "agent"
)

// Token is a credential. Only its SHA-256 is stored; the secret is shown once,
// when made.
type Token struct {
	ID   string    `json:"id"` // tok_ and the id within it, or the first 20 hex digits of the hash
	Name string    `json:"name"`
	Type TokenType `json:"type"`

	// Where it counts. Environment is the one of an SDK's token, All for an
	// admin's; the other types have Environments.
	Projects     []string     `json:"projects"` // All for every project
	Environment  string       `json:"environment"`
	Environments []string     `json:"environments,omitempty"`
	Permissions  []Permission `json:"permissions,omitempty"` // of a service token; of an account's, all where absent

	// Owner is the account whose token it is, and For the person on whose
	// behalf it acts, where it is an agent's.
	Owner string `json:"owner,omitempty"`
	For   string `json:"for,omitempty"`

	// Number is Unleash's id of an account's token, from 1 for each account.
	Number      int    `json:"number,omitempty"`
	Description string `json:"description,omitempty"`

	Hash        string     `json:"hash"`
	CreatedAt   time.Time  `json:"createdAt"`
	CreatedBy   string     `json:"createdBy,omitempty"` // the principal's id
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
	RotatedFrom string     `json:"rotatedFrom,omitempty"` // the id of the token before it

	LastUsedAt *time.Time `json:"-"` // within a minute; in lists alone
}

// A token that carries its id expires: after defaultTokenLife where its maker
// says nothing, and after maxTokenLife at the latest.
const (
	defaultTokenLife = 90 * 24 * time.Hour
	maxTokenLife     = 365 * 24 * time.Hour

	defaultAgentLife = 30 * 24 * time.Hour
	maxAgentLife     = 90 * 24 * time.Hour
)

// secretKinds are the types of token that carry an id, and the word in it.
var secretKinds = map[TokenType]string{TokenService: "sat", TokenEdge: "edge", TokenPersonal: "pat", TokenAgent: "sat"}

// CreateToken makes a token and returns it with its secret, which cannot be
// read again. Nobody can make one that may do what they may not.
func (s *Service) CreateToken(ctx context.Context, p Principal, in Token) (Token, string, error) {
	in.RotatedFrom = ""
	in = in.filled(s.now())
	in, secret := in.withSecret()
	t, err := s.addToken(ctx, p, in)
	return t, secret, err
}

// filled gives a token what its maker left out.
func (t Token) filled(now time.Time) Token {
	if len(t.Projects) == 0 {
		t.Projects = []string{All}
	}
	if _, ok := secretKinds[t.Type]; !ok {
		if t.Type == TokenAdmin && t.Environment == "" {
			t.Environment = All
		}
		return t
	}
	if t.Environment != "" {
		t.Environment, t.Environments = "", append(slices.Clone(t.Environments), t.Environment)
	}
	if len(t.Environments) == 0 {
		t.Environments = []string{All}
	}
	if t.ExpiresAt == nil {
		life := defaultTokenLife
		if t.Type == TokenAgent {
			life = defaultAgentLife
		}
		t.ExpiresAt = new(now.Add(life).UTC().Truncate(time.Millisecond))
	}
	return t
}

// withSecret draws a secret in the form of the token's type, and names the
// token after it.
func (t Token) withSecret() (Token, string) {
	var secret string
	if kind, ok := secretKinds[t.Type]; ok {
		_, secret = newSecret(kind)
	} else {
		var raw [28]byte // the length that Unleash's own tokens have
		_, _ = rand.Read(raw[:])
		scope := "[]"
		if len(t.Projects) == 1 {
			scope = t.Projects[0]
		}
		secret = scope + ":" + t.Environment + "." + hex.EncodeToString(raw[:])
	}
	return t.named(secret), secret
}

// named gives a token the id and the hash of its secret.
func (t Token) named(secret string) Token {
	sum := digest(secret)
	t.ID, t.Hash = credentialID(secret, sum), hex.EncodeToString(sum[:])
	return t
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
	t := Token{Name: "init-" + string(typ), Type: typ, Projects: []string{scope}, Environment: env}
	return s.addToken(ctx, p, t.named(secret))
}

func (s *Service) addToken(ctx context.Context, p Principal, in Token) (Token, error) {
	if err := in.check(s.now()); err != nil {
		return Token{}, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.mayMake(in); err != nil {
			return err
		}
		var err error
		if in.Number, err = w.nextOwned(in.Owner); err != nil {
			return err
		}
		old, err := w.Revision(KindToken, in.ID, 1)
		if KindOf(err) == NotFound {
			in.CreatedAt, in.CreatedBy = w.now, w.p.ID
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
	if w.p.Via == "pat" {
		return &Error{
			Kind: Denied, Code: "token_makes_token", Field: string(PermTokenCreate),
			Msg: "a personal token makes no tokens: sign in, or use a service account's",
		}
	}
	if in.Owner != "" {
		return w.mayOwn(in)
	}
	granted := in.Principal().Grants
	if err := w.mayEach(granted, PermTokenCreate); err != nil {
		return err
	}
	if in.Type == TokenAdmin || in.Type == TokenService { // what SDKs may do goes with PermTokenCreate
		if err := w.holds(granted); err != nil {
			return err
		}
	}
	return w.exist(in)
}

// exist refuses a token for what is not there.
func (w *work) exist(in Token) error {
	for i, project := range in.Projects {
		if project == All {
			continue
		}
		if _, err := get[Project](w, KindProject, project); err != nil {
			return asField(err, fmt.Sprintf("projects[%d]", i), "there is no project %q", project)
		}
	}
	for _, env := range in.environments() {
		if env == All {
			continue
		}
		if _, err := get[Environment](w, KindEnvironment, env); err != nil {
			return asField(err, "environment", "there is no environment %q", env)
		}
	}
	return nil
}

// mayEach is may in every place of some grants.
func (w *work) mayEach(grants []Grant, perm Permission) error {
	for _, g := range grants {
		for _, at := range g.scopes() {
			if err := w.may(at, perm); err != nil {
				return err
			}
		}
	}
	return nil
}

// holds refuses to grant what the principal does not hold itself.
func (w *work) holds(grants []Grant) error {
	for _, g := range grants {
		for _, at := range g.scopes() {
			for _, perm := range g.Permissions {
				if err := w.p.May(perm, at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t Token) check(now time.Time) error {
	if err := checkName("name", t.Name); err != nil {
		return err
	}
	if t.ExpiresAt != nil && !t.ExpiresAt.After(now) {
		return Invalidf("expiresAt", "must be in the future")
	}
	if len(t.Projects) > 1 && slices.Contains(t.Projects, All) {
		return Invalidf("projects", "* is every project: name it alone")
	}
	switch t.Type {
	case TokenAdmin:
		if t.Environment != All || !slices.Equal(t.Projects, []string{All}) {
			return Invalidf("type", "an admin token is for all projects and environments: *:*")
		}
	case TokenBackend, TokenFrontend:
		if t.Environment == All || t.Environment == "" {
			return Invalidf("environment", "a %s token is for one environment", t.Type)
		}
	case TokenService, TokenEdge, TokenPersonal, TokenAgent:
		return t.checkScopes(now)
	default:
		return Invalidf("type", "%q is not admin, backend (or client), frontend, service, edge, personal or agent", t.Type)
	}
	if len(t.Permissions) > 0 || len(t.Environments) > 0 {
		return Invalidf("permissions", "are for tokens of type service; what %s tokens may do is fixed", t.Type)
	}
	return nil
}

// checkScopes is check for what a token with scopes of its own has more.
func (t Token) checkScopes(now time.Time) error {
	switch {
	case t.ExpiresAt == nil:
		return Invalidf("expiresAt", "a %s token has an end", t.Type)
	case t.ExpiresAt.After(now.Add(maxTokenLife)):
		return Invalidf("expiresAt", "must be within a year; rotate the token before that")
	case t.Type == TokenAgent && t.ExpiresAt.After(now.Add(maxAgentLife)):
		return Invalidf("expiresAt", "must be within 90 days for an agent's token")
	case (t.Type == TokenPersonal || t.Type == TokenAgent) != (t.Owner != ""):
		return Invalidf("owner", "is for personal and agent tokens, and needed there")
	case t.For != "" && t.Type != TokenAgent:
		return Invalidf("for", "only agents act on behalf of somebody")
	}
	if len(t.Environments) > 1 && slices.Contains(t.Environments, All) {
		return Invalidf("environments", "* is every environment: name it alone")
	}
	if t.Type == TokenEdge && len(t.Permissions) > 0 {
		return Invalidf("permissions", "are for tokens of type service; what edge tokens may do is fixed")
	}
	if t.Type == TokenService && len(t.Permissions) == 0 {
		return Invalidf("permissions", "must name at least one: %s, %s ...", PermRead, PermEvidenceWrite)
	}
	for i, perm := range t.Permissions {
		if levelOf(perm) == "" && perm != PermAny {
			return Invalidf(fmt.Sprintf("permissions[%d]", i), "there is no permission %q", perm)
		}
	}
	return nil
}

// RevokeToken ends a token at once: from the next request on this replica, and
// within a second on any other.
func (s *Service) RevokeToken(ctx context.Context, p Principal, id string) error {
	return s.write(ctx, p, Urgent, func(w *work) error {
		t, err := get[Token](w, KindToken, id)
		if KindOf(err) == NotFound {
			if err := w.may(Scope{}, PermTokenRevoke); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if mine := w.p.ID != "" && (t.Owner == w.p.ID || t.For == w.p.ID); !mine {
			if err := w.mayEach(t.Principal().Grants, PermTokenRevoke); err != nil {
				return err
			}
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
	if err != nil {
		return nil, err
	}
	return s.withLastUse(ctx, out)
}

// ProjectTokens lists the tokens that name a project, those for every project
// not among them.
func (s *Service) ProjectTokens(ctx context.Context, p Principal, project string) ([]Token, error) {
	if err := p.May(PermTokenRead, Scope{Project: project}); err != nil {
		return nil, err
	}
	var out []Token
	err := s.store.View(ctx, func(tx ReadTx) error {
		if _, err := get[Project](tx, KindProject, project); err != nil {
			return asMissing(err, "project", project)
		}
		all, err := list[Token](tx, KindToken, "")
		out = slices.DeleteFunc(all, func(t Token) bool { return !slices.Contains(t.Projects, project) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.withLastUse(ctx, out)
}

// withLastUse fills in when tokens were last used.
func (s *Service) withLastUse(ctx context.Context, tokens []Token) ([]Token, error) {
	used, err := s.lastUses(ctx, "")
	for i, t := range tokens {
		if at, ok := used[t.ID]; ok {
			tokens[i].LastUsedAt = &at
		}
	}
	return tokens, err
}

// environments are those in which a token counts.
func (t Token) environments() []string {
	if len(t.Environments) > 0 {
		return t.Environments
	}
	return []string{t.Environment}
}

// Principal is who a token stands for, by itself: an account's may also do no more
// than the account.
func (t Token) Principal() Principal {
	p := Principal{Kind: KindSDK, ID: t.ID, Via: "sdk", Cred: t.ID, Origin: "api"}
	g := Grant{Projects: t.Projects, Environments: t.environments()}
	switch t.Type {
	case TokenAdmin:
		p.Kind, p.Via = KindService, "sat"
		g.Permissions = []Permission{PermAny}
	case TokenService:
		p.Kind, p.Via = KindService, "sat"
		g.Permissions = t.Permissions
	case TokenEdge:
		p.Kind, p.Via = KindEdge, "sat"
		g.Permissions = []Permission{PermClientRead, PermClientWrite, PermEvidenceWrite}
	case TokenBackend:
		g.Permissions = []Permission{PermClientRead, PermClientWrite, PermEvidenceWrite}
	case TokenFrontend:
		g.Permissions = []Permission{PermClientWrite}
	case TokenPersonal, TokenAgent: // its scopes, within the rights of its owner
		if g.Permissions = t.Permissions; len(g.Permissions) == 0 {
			g.Permissions = []Permission{PermAny}
		}
	}
	p.Grants = []Grant{g}
	return p
}
