package unleash_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/httpapi/unleash"
)

// edgeSecret is the client secret of every plane.
var edgeSecret = []byte("0123456789abcdef0123456789abcdef")

// signed is a request as an Unleash Edge signs it.
type signed struct {
	id, timestamp, nonce, sum, body string
	secret                          []byte
}

func (s signed) header() []string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("POST\n/edge/issue-token\n" + s.timestamp + "\n" + s.nonce + "\n" + s.sum))
	signature := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return []string{
		"Authorization", "HMAC " + s.id + ":" + signature, "Content-Type", "application/json",
		"x-timestamp", s.timestamp, "x-nonce", s.nonce, "content-sha256", s.sum,
	}
}

// asked is a good request for a body.
func asked(body string) signed {
	sum := sha256.Sum256([]byte(body))
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	return signed{
		id: "enterprise-edge", timestamp: today.Format(time.RFC3339), nonce: hex.EncodeToString(nonce[:]),
		sum: hex.EncodeToString(sum[:]), body: body, secret: edgeSecret,
	}
}

func (p *plane) issue(t *testing.T, s signed) *httptest.ResponseRecorder {
	t.Helper()
	return p.do(t, "POST", "/edge/issue-token", "", s.body, s.header()...)
}

// TestIssueTokens gives an edge a token that works, the same each time, until
// it is revoked.
func TestIssueTokens(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	const body = `{"tokens":[{"environment":"development","projects":["default"]},{"environment":"production","projects":["default","blue","default"]}]}`
	type answer struct {
		Tokens []struct {
			Token, Type, Environment string
			Projects                 []string
		}
	}
	ask := func() (got answer) {
		t.Helper()
		w := p.issue(t, asked(body))
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || len(got.Tokens) != 2 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return got
	}
	first, events := ask(), p.size(t)
	again := ask()
	if first.Tokens[0].Token != again.Tokens[0].Token || first.Tokens[1].Token != again.Tokens[1].Token || p.size(t) != events {
		t.Errorf("the second time it was given %+v, after %+v", again, first)
	}
	one, two := first.Tokens[0], first.Tokens[1]
	if !strings.HasPrefix(one.Token, "default:development.") || one.Type != "client" || !strings.HasPrefix(two.Token, "[]:production.") || strings.Join(two.Projects, " ") != "blue default" {
		t.Errorf("issued %+v", first)
	}
	p.want(t, http.StatusOK, "GET", "/api/client/features/f", one.Token, "")

	p.want(t, http.StatusOK, "DELETE", "/api/admin/api-tokens/"+one.Token, admin, "")
	if w := p.issue(t, asked(body)); w.Code != http.StatusForbidden {
		t.Errorf("a revoked token was issued again: %d %s", w.Code, w.Body)
	}
	if w := p.do(t, "GET", "/api/client/features/f", one.Token, ""); w.Code != http.StatusUnauthorized {
		t.Errorf("the revoked token is answered %d", w.Code)
	}
}

// TestIssueTokensRefused changes one thing of a good request after another.
func TestIssueTokensRefused(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	good := asked(`{"tokens":[{"environment":"development","projects":["default"]}]}`)
	if w := p.issue(t, good); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	before := p.size(t)
	tests := []struct {
		name   string
		edit   func(*signed)
		status int
		want   string
	}{
		{"the same again", func(s *signed) { s.nonce = good.nonce }, 401, "Replay detected"},
		{"a short nonce", func(s *signed) { s.nonce = "1" }, 401, "Replay detected"},
		{"another client", func(s *signed) { s.id = "me" }, 401, "Unknown client"},
		{"another secret", func(s *signed) { s.secret = []byte("guess") }, 401, "Signature mismatch"},
		{"another body", func(s *signed) { s.body = `{"tokens":[]}` }, 401, "Body tampering detected"},
		{"of six minutes ago", func(s *signed) { s.timestamp = today.Add(-6 * time.Minute).Format(time.RFC3339) }, 401, "Stale request"},
		{"of six minutes ahead", func(s *signed) { s.timestamp = today.Add(6 * time.Minute).Format(time.RFC3339) }, 401, "Stale request"},
		{"no timestamp", func(s *signed) { s.timestamp = "" }, 401, "Missing content headers"},
		{"no such environment", func(s *signed) { *s = asked(`{"tokens":[{"environment":"moon"}]}`) }, 400, "there is no environment"},
		{"no such project", func(s *signed) { *s = asked(`{"tokens":[{"environment":"development","projects":["red"]}]}`) }, 400, "there is no project"},
		{"every environment", func(s *signed) { *s = asked(`{"tokens":[{"environment":"*"}]}`) }, 400, "environment"},
		{"too many", func(s *signed) {
			*s = asked(`{"tokens":[` + strings.Repeat(`{"environment":"development"},`, 100) + `{"environment":"development"}]}`)
		}, 400, "at most 100"},
		{"no JSON", func(s *signed) { *s = asked(`{`) }, 400, "body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := asked(good.body)
			tt.edit(&s)
			if w := p.issue(t, s); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.want)
			}
		})
	}
	if w := p.do(t, "POST", "/edge/issue-token", admin, good.body); w.Code != http.StatusUnauthorized {
		t.Errorf("without a signature: %d %s", w.Code, w.Body)
	}
	if after := p.size(t); after != before {
		t.Errorf("%d events were written", after-before)
	}
}

func TestEdgeSecret(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"": true, "MDEyMzQ1Njc4OWFiY2RlZg": true, "MDEyMzQ1Njc4OWFiY2RlZg==": true, "c2hvcnQ": false, "not base64!": false,
	} {
		if _, err := unleash.EdgeSecret(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
