package signin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/lockflight/lockflight/internal/control"
)

// Provider is an OpenID provider that signs people in.
type Provider struct {
	ID           string // in the paths; sso where empty
	Name         string // for people; the issuer where empty
	Issuer       string // https://..., as in its discovery document
	ClientID     string
	ClientSecret string
	GroupsClaim  string   // the claim that names a person's groups; groups where empty
	Scopes       []string // beside openid, profile and email
	Role         int      // of the account that is made for who has none; 0: none is made
}

// providerTimeout bounds each request to a provider.
const providerTimeout = 10 * time.Second

// provider is a Provider in use. What it says of itself is read when somebody
// first signs in by it, so that one that is down keeps nobody else out.
type provider struct {
	Provider
	callback string
	client   *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(p Provider, publicURL string) *provider {
	if p.ID == "" {
		p.ID = "sso"
	}
	if p.Name == "" {
		p.Name = p.Issuer
	}
	if p.GroupsClaim == "" {
		p.GroupsClaim = "groups"
	}
	return &provider{
		Provider: p, callback: strings.TrimSuffix(publicURL, "/") + "/auth/oidc/" + p.ID + "/callback",
		client: &http.Client{Timeout: providerTimeout},
	}
}

// context is for requests to the provider. go-oidc keeps it for those that
// fetch keys, so it must not end with the request that it comes from.
func (p *provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(context.WithoutCancel(ctx), p.client)
}

// discover reads what the provider says of itself, once it answers.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(p.context(ctx), p.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, &control.Error{
				Kind: control.Unavailable, Code: "provider_unavailable", Msg: p.Name + " does not answer; sign in by another way", Err: err,
			}
		}
		p.found = found
	}
	return p.found, oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: p.found.Endpoint(), RedirectURL: p.callback,
		Scopes: append([]string{oidc.ScopeOpenID, "profile", "email"}, p.Scopes...),
	}, nil
}

// redeem exchanges a code for what the provider says of the person. The ID
// token must be of this issuer, for this client, and of this sign-in.
func (p *provider) redeem(ctx context.Context, code string, f flow) (control.Admission, error) {
	found, config, err := p.discover(ctx)
	if err != nil {
		return control.Admission{}, err
	}
	ctx = p.context(ctx)
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(f.verifier))
	if err != nil {
		return control.Admission{}, refused("the provider refuses the code", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return control.Admission{}, refused("the provider's ID token is not valid", err)
	}
	if id.Nonce != f.nonce {
		return control.Admission{}, refused("the provider's ID token is of another sign-in", nil)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return control.Admission{}, refused("the claims of the ID token cannot be read", err)
	}
	if found.UserInfoEndpoint() != "" {
		if err := userInfo(ctx, found, tokens, id.Subject, claims); err != nil {
			return control.Admission{}, err
		}
	}
	return p.admission(id, claims), nil
}

// userInfo adds what the provider says beside the ID token, which many keep
// short, where it is of the same person.
func userInfo(ctx context.Context, found *oidc.Provider, tokens *oauth2.Token, subject string, claims map[string]any) error {
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return refused("the provider does not say who this is", err)
	}
	if info.Subject != subject {
		return refused("the provider speaks of somebody else than its ID token", nil)
	}
	if err := info.Claims(&claims); err != nil {
		return refused("what the provider says cannot be read", err)
	}
	return nil
}

// admission reads the claims of a person. Who it is, is what the ID token says.
func (p *provider) admission(id *oidc.IDToken, claims map[string]any) control.Admission {
	name, _ := claims["name"].(string)
	email, _ := claims["email"].(string)
	verified := claims["email_verified"] // a truth value, and of some providers a text
	return control.Admission{
		Identity: control.Identity{Issuer: id.Issuer, Subject: id.Subject},
		Name:     name, Email: email, EmailVerified: verified == true || verified == "true",
		Groups: groupsOf(claims[p.GroupsClaim]), Role: p.Role,
	}
}

// groupsOf reads a claim that is a list, or one name.
func groupsOf(claim any) []string {
	var out []string
	switch claim := claim.(type) {
	case string:
		out = []string{claim}
	case []any:
		for _, g := range claim {
			out = append(out, fmt.Sprint(g))
		}
	}
	return slices.DeleteFunc(out, func(g string) bool { return g == "" })
}

// refused is a sign-in that the provider's answer does not prove.
func refused(msg string, err error) error {
	return &control.Error{Kind: control.Unauthenticated, Code: "not_proven", Msg: msg, Err: err}
}
