package unleash

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// The scheme by which an Unleash Edge proves that it holds the client secret.
const (
	issuePath   = "/edge/issue-token"
	edgeName    = "enterprise-edge" // the id of the one client there is
	edgeSkew    = 5 * time.Minute   // how far its clock may be away
	maxNonces   = 10_000            // that are remembered; more calls than that in edgeSkew are refused
	nonceDigits = 32
)

// EdgeSecret reads a client secret as Edge's configuration has it: base64url,
// with or without padding, of at least 16 bytes. None is nil.
func EdgeSecret(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(secret) < 16 {
		return nil, control.Invalidf("edge-client-secret", "must be base64url of at least 16 bytes, as `openssl rand -base64 32 | tr +/ -_` prints")
	}
	return secret, nil
}

// issuer checks the signatures of edges, each of which counts once.
type issuer struct {
	secret []byte
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]time.Time // nonces, and when they may be forgotten
}

func newIssuer(secret []byte, now func() time.Time) *issuer {
	return &issuer{secret: secret, now: now, seen: map[string]time.Time{}}
}

// issueTokens answers POST /edge/issue-token: the tokens that an edge needs, for
// each environment and set of projects that it is to serve.
func (a *API) issueTokens(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Read(w, r, httpapi.SDKBody.Limit)
	if err != nil {
		return err
	}
	if problem := a.issuer.check(r.Header, body); problem != "" {
		return httpapi.WriteJSON(w, http.StatusUnauthorized, map[string]string{"error": problem})
	}
	var in struct {
		Tokens []struct {
			Environment string   `json:"environment"`
			Projects    []string `json:"projects"`
		} `json:"tokens"`
	}
	if err := httpapi.SDKBody.Unmarshal(body, &in); err != nil {
		return err
	}
	scopes := make([]control.EdgeScope, len(in.Tokens))
	for i, t := range in.Tokens {
		scopes[i] = control.EdgeScope{Environment: t.Environment, Projects: t.Projects}
	}
	tokens, secrets, err := a.service.IssueEdgeTokens(r.Context(), edgeName, a.issuer.secret, scopes)
	if err != nil {
		return err
	}
	out := make([]edgeToken, len(tokens))
	for i, t := range tokens {
		out[i] = edgeToken{secrets[i], edgeType(t.Type), t.Projects, t.Environment}
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Tokens []edgeToken `json:"tokens"`
	}{out})
}

// check says what is wrong with the signature of a request, in Unleash's words;
// "" for nothing.
func (i *issuer) check(h http.Header, body []byte) string {
	id, signature, ok := strings.Cut(strings.TrimPrefix(h.Get("Authorization"), "HMAC "), ":")
	if !ok || !strings.HasPrefix(h.Get("Authorization"), "HMAC ") {
		return "Missing HMAC authorization header"
	}
	timestamp, nonce, sum := h.Get("x-timestamp"), h.Get("x-nonce"), h.Get("content-sha256")
	if timestamp == "" || nonce == "" || sum == "" {
		return "Missing content headers"
	}
	now := i.now()
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil || at.Before(now.Add(-edgeSkew)) || at.After(now.Add(edgeSkew)) {
		return "Stale request"
	}
	if id != edgeName || len(i.secret) == 0 {
		return "Unknown client"
	}
	digest := sha256.Sum256(body)
	if subtle.ConstantTimeCompare([]byte(strings.ToLower(sum)), []byte(hex.EncodeToString(digest[:]))) != 1 {
		return "Body tampering detected"
	}
	mac := hmac.New(sha256.New, i.secret)
	mac.Write([]byte(strings.Join([]string{http.MethodPost, issuePath, timestamp, nonce, sum}, "\n")))
	want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(signature), []byte(want)) != 1 {
		return "Signature mismatch"
	}
	if len(nonce) != nonceDigits || !i.first(nonce, now) {
		return "Replay detected"
	}
	return ""
}

// first tells whether a nonce is new, and remembers it for as long as its
// timestamp could count. Only what is signed gets here.
func (i *issuer) first(nonce string, now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for old, until := range i.seen {
		if now.After(until) {
			delete(i.seen, old)
		}
	}
	if _, seen := i.seen[nonce]; seen || len(i.seen) >= maxNonces {
		return false
	}
	i.seen[nonce] = now.Add(2 * edgeSkew)
	return true
}
