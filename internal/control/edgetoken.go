package control

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// EdgeScope is what an edge asks a token for.
type EdgeScope struct {
	Environment string
	Projects    []string // every one where none is named
}

// maxEdgeScopes is how many tokens one call issues.
const maxEdgeScopes = 100

// IssueEdgeTokens returns one backend token for each scope, made where there is
// none yet, to an edge that has proved that it holds the client secret. The
// tokens are derived from that secret: who asks again is given the same, and
// nothing is stored that a token could be read from. One that was revoked is
// Denied from then on.
func (s *Service) IssueEdgeTokens(ctx context.Context, client string, secret []byte, scopes []EdgeScope) (tokens []Token, secrets []string, err error) {
	if len(scopes) > maxEdgeScopes {
		return nil, nil, Invalidf("tokens", "asks for %d, at most %d are issued at once", len(scopes), maxEdgeScopes)
	}
	for i, scope := range scopes {
		t, text, err := s.issueEdgeToken(ctx, client, secret, scope)
		if err != nil {
			return nil, nil, within(fmt.Sprintf("tokens[%d]", i), err)
		}
		tokens, secrets = append(tokens, t), append(secrets, text)
	}
	return tokens, secrets, nil
}

func (s *Service) issueEdgeToken(ctx context.Context, client string, secret []byte, scope EdgeScope) (Token, string, error) {
	in := Token{Name: client, Type: TokenBackend, Environment: scope.Environment, Projects: slices.Compact(slices.Sorted(slices.Values(scope.Projects)))}
	in = in.filled(s.now())
	text := scope.derive(secret, in.Projects)
	t, err := s.addToken(ctx, edgeClient(client), in.named(text))
	if err != nil {
		return t, "", err
	}
	if _, _, err := s.Authenticate(ctx, text); err != nil {
		if KindOf(err) == Unauthenticated {
			err = Errorf(Denied, "token_revoked", "the token of this scope was revoked, and is not issued again: give the edge another client secret")
		}
		return t, "", err
	}
	return t, text, nil
}

// derive returns the token of a scope: of Unleash's form, with 56 hexadecimal
// digits that only who has the secret can compute (HMAC-SHA-256).
func (scope EdgeScope) derive(secret []byte, projects []string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("lockflight edge token v1\n" + scope.Environment + "\n" + strings.Join(projects, "\n")))
	where := "[]"
	if len(projects) == 1 {
		where = projects[0]
	}
	return where + ":" + scope.Environment + "." + hex.EncodeToString(mac.Sum(nil))[:56]
}

// edgeClient is the principal of an edge that holds the client secret. All that
// it may do is have tokens made that SDKs have.
func edgeClient(id string) Principal {
	return Principal{
		Kind: KindEdge, ID: "edge:" + id, Via: "hmac", Origin: "api",
		Grants: []Grant{{Permissions: []Permission{PermTokenCreate}, Projects: []string{All}, Environments: []string{All}}},
	}
}
