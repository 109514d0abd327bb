package approval_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/approval"
	"github.com/lockflight/lockflight/internal/store"
)

// door signs everybody in who says the word.
type door struct{ service *control.Service }

func (d door) SignIn(ctx context.Context, login, password string, _ netip.Addr) (control.Account, string, error) {
	if password != "sesame" {
		return control.Account{}, "", control.Errorf(control.Unauthenticated, "wrong_password", "wrong")
	}
	ses, secret, err := d.service.OpenSession(ctx, login, "password", "")
	return control.Account{ID: ses.Account}, secret, err
}

// TestPage signs a person in, shows them the request, and takes their word for
// exactly what they have seen, from the page alone.
func TestPage(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := store.Open(ctx, store.Options{Dir: t.TempDir()})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := control.New(control.Options{Store: db, Usage: db, Uses: db, Origin: "test"})
	check(t, s.Init(ctx))
	bob, err := s.CreateAccount(ctx, control.Setup(), control.Account{Kind: control.KindHuman, Username: "bob", Role: control.RoleAdmin})
	check(t, err)
	author := control.Setup()
	author.Proposal = &control.Proposal{Title: "a flag", Body: "<script>alert(1)</script>"}
	_, err = s.CreateFlag(ctx, author, control.Flag{Name: "agent", Project: "default"})
	made, ok := errors.AsType[*control.Error](err)
	if !ok || made.Kind != control.Proposed {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	approval.Register(mux, s, door{s}, slog.New(slog.DiscardHandler))
	path := "/approvals/" + made.Field
	var cookie string
	do := func(method, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", cookie)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	want := func(w *httptest.ResponseRecorder, status int, text string) {
		t.Helper()
		if w.Code != status || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%d %s, want %d with %q", w.Code, w.Body, status, text)
		}
	}
	want(do(http.MethodGet, path, nil), 401, "Sign in")
	want(do(http.MethodPost, path+"/signin", url.Values{"username": {bob.ID}, "password": {"no"}}), 401, "wrong")
	want(do(http.MethodPost, path+"/signin", url.Values{"username": {bob.ID}, "password": {"sesame"}}, "Sec-Fetch-Site", "cross-site"), 403, "another site")
	in := do(http.MethodPost, path+"/signin", url.Values{"username": {bob.ID}, "password": {"sesame"}})
	want(in, 303, "")
	cookie, _, _ = strings.Cut(in.Header().Get("Set-Cookie"), ";")

	shown := do(http.MethodGet, path, nil)
	want(shown, 200, "Approve exactly this")
	want(shown, 200, "&lt;script&gt;")
	if csp := shown.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("content security policy %q", csp)
	}
	_, rest, _ := strings.Cut(shown.Body.String(), `name="digest" value="`)
	digest, _, _ := strings.Cut(rest, `"`)
	form := url.Values{"do": {"approve"}, "digest": {digest}}
	want(do(http.MethodPost, path, form, "Sec-Fetch-Site", "cross-site"), 403, "another site")
	want(do(http.MethodPost, path, url.Values{"do": {"approve"}, "digest": {"sha256:0"}}), 409, "look at it again")
	want(do(http.MethodPost, path, url.Values{"do": {"dance"}, "digest": {digest}}), 400, "dance")
	want(do(http.MethodPost, path, form, "Sec-Fetch-Site", "same-origin"), 303, "")
	want(do(http.MethodGet, path, nil), 200, `value="apply"`)
	want(do(http.MethodPost, path, url.Values{"do": {"apply"}}, "Sec-Fetch-Site", "same-origin"), 303, "")
	want(do(http.MethodGet, path, nil), 200, "<strong>applied</strong>")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
