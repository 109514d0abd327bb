package signin_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/signin"
)

// someone is an address that nothing is known of.
var someone = netip.MustParseAddr("192.0.2.200")

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.person(t, control.Account{Username: "ann", Email: "ann@example.com"})
	for _, login := range []string{"ann", "ANN@example.com"} {
		got := w.signIn(login, password, "192.0.2.1")
		cookies := got.Result().Cookies()
		if got.Code != http.StatusOK || len(cookies) != 1 {
			t.Fatalf("signing in as %s: %d %s", login, got.Code, got.Body)
		}
		c := cookies[0]
		if c.Name != "__Host-lockflight" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie: %+v", c)
		}
		if got := w.send(request{method: "GET", path: "/auth/session", cookies: cookies}); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), ann.ID) {
			t.Errorf("who am I: %d %s", got.Code, got.Body)
		}
		out := w.send(request{method: "POST", path: "/auth/logout", cookies: cookies})
		if out.Code != http.StatusNoContent || out.Result().Cookies()[0].MaxAge >= 0 {
			t.Errorf("signing out: %d %s", out.Code, out.Result().Cookies())
		}
		if got := w.send(request{method: "GET", path: "/auth/session", cookies: cookies}); got.Code != http.StatusUnauthorized {
			t.Errorf("signed out: %d", got.Code)
		}
	}
}

// TestSignInFails: every failure is answered the same, and leaves an event,
// which does not say what was typed.
func TestSignInFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.person(t, control.Account{Username: "ann"})
	bob := w.person(t, control.Account{Username: "bob"})
	_, err := w.control.EditAccount(t.Context(), control.Setup(), bob.ID, control.AccountEdit{Disabled: new(true)})
	check(t, err)
	var first string
	for _, tc := range [][2]string{{"ann", "wrong password"}, {"nobody", password}, {"bob", password}, {"ann", ""}} {
		got := w.signIn(tc[0], tc[1], "192.0.2.1")
		if tc[1] == "" {
			if got.Code != http.StatusBadRequest {
				t.Errorf("without a password: %d", got.Code)
			}
			continue
		}
		if first == "" {
			first = got.Body.String()
		}
		if got.Code != http.StatusUnauthorized || got.Body.String() != first || len(got.Result().Cookies()) != 0 {
			t.Errorf("%s: %d %s, want what the others are told: %s", tc[0], got.Code, got.Body, first)
		}
	}
	counts := map[string]int64{}
	for _, r := range w.records(t) {
		if r.Type == "auth.login.fail" {
			counts[r.Actor.ID] += r.Count
		}
	}
	if counts[ann.ID] != 1 || counts[""] != 2 || len(counts) != 2 {
		t.Errorf("failures in the log, by account: %v", counts)
	}
}

// TestID07RequestForgery: a session changes nothing for another site, in any of
// the ways in which a browser sends a request, and a secret counts nowhere but
// where it belongs.
func TestID07RequestForgery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person(t, control.Account{Username: "ann"})
	signedIn := w.signIn("ann", password, "192.0.2.1").Result().Cookies()
	body := `{"oldPassword":"` + password + `","password":"another good password"}`
	for name, tc := range map[string]struct {
		header  map[string]string
		cookies []*http.Cookie
		want    int
	}{
		"cross-site":                    {map[string]string{"Sec-Fetch-Site": "cross-site"}, signedIn, 403},
		"same-site":                     {map[string]string{"Sec-Fetch-Site": "same-site"}, signedIn, 403},
		"cross-site, same Origin":       {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://example.com"}, signedIn, 403},
		"another Origin":                {map[string]string{"Origin": "https://evil.example"}, signedIn, 403},
		"Origin null":                   {map[string]string{"Origin": "null"}, signedIn, 403},
		"another port":                  {map[string]string{"Origin": "http://example.com:8080"}, signedIn, 403},
		"a form":                        {map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}, signedIn, 415},
		"plain text":                    {map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}, signedIn, 415},
		"no cookie":                     {map[string]string{"Sec-Fetch-Site": "same-origin"}, nil, 401},
		"two cookies":                   {map[string]string{"Sec-Fetch-Site": "same-origin"}, append([]*http.Cookie{{Name: signedIn[0].Name, Value: "tossed"}}, signedIn...), 401},
		"a cookie of another name":      {nil, []*http.Cookie{{Name: "lockflight", Value: signedIn[0].Value}}, 401},
		"the session as a token":        {map[string]string{"Authorization": signedIn[0].Value}, nil, 401},
		"the session as a token, twice": {map[string]string{"Authorization": "Bearer " + signedIn[0].Value}, signedIn, 401},
	} {
		got := w.send(request{method: "POST", path: "/auth/password/change", body: body, header: tc.header, cookies: tc.cookies})
		if got.Code != tc.want {
			t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, tc.want)
		}
	}
	if got := w.send(request{method: "POST", path: "/auth/password", header: map[string]string{"Sec-Fetch-Site": "cross-site"}, body: `{"username":"ann","password":"` + password + `"}`}); got.Code != 403 {
		t.Errorf("another site signs somebody in: %d", got.Code)
	}
	got := w.send(request{method: "POST", path: "/auth/password/change", body: body, header: map[string]string{"Sec-Fetch-Site": "same-origin"}, cookies: signedIn})
	if got.Code != http.StatusNoContent {
		t.Errorf("from here: %d %s", got.Code, got.Body)
	}
}

// TestID07Fixation: who signs in gets a new session, whatever cookie came along.
func TestID07Fixation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person(t, control.Account{Username: "ann"})
	old := w.signIn("ann", password, "192.0.2.1").Result().Cookies()
	got := w.send(request{method: "POST", path: "/auth/password", cookies: old, body: `{"username":"ann","password":"` + password + `"}`})
	if cookies := got.Result().Cookies(); len(cookies) != 1 || cookies[0].Value == old[0].Value {
		t.Errorf("the session stays the one before: %d", got.Code)
	}
	if got := w.send(request{method: "GET", path: "/auth/session", cookies: []*http.Cookie{{Name: old[0].Name, Value: "lf_ses_chosen"}}}); got.Code != http.StatusUnauthorized {
		t.Errorf("a chosen session: %d", got.Code)
	}
}

// TestID09NobodyIsLockedOut: an attack on an account slows down who attacks,
// and its owner signs in from elsewhere meanwhile.
func TestID09NobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person(t, control.Account{Username: "ann"})
	limited := 0
	for i := range 200 {
		w.pass(time.Second)
		if w.signIn("ann", fmt.Sprint("guess ", i), "203.0.113.9").Code == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 180 {
		t.Errorf("%d of 200 guesses in 200 s were refused unseen", limited)
	}
	if got := w.signIn("ann", password, "203.0.113.9"); got.Code != http.StatusTooManyRequests {
		t.Errorf("the attacker guesses right at once: %d", got.Code)
	}
	if got := w.signIn("ann", password, "192.0.2.1"); got.Code != http.StatusOK {
		t.Errorf("the owner, from elsewhere: %d %s", got.Code, got.Body)
	}
	w.pass(15*time.Minute + time.Second) // and never for ever
	if got := w.signIn("ann", password, "203.0.113.9"); got.Code != http.StatusOK {
		t.Errorf("from there, a quarter of an hour later: %d %s", got.Code, got.Body)
	}
	for i := range 25 {
		code := w.signIn(fmt.Sprint("user", i), "guess", fmt.Sprintf("2001:db8::%x", i)).Code
		if want := i >= 20; (code == http.StatusTooManyRequests) != want {
			t.Errorf("attempt %d from one /64: %d", i, code)
		}
	}
}

// TestID11BreakGlass (I10): an account for emergencies works where no other password
// does, says why, ends within the hour, and is told of.
func TestID11BreakGlass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *signin.Options) { o.SSOOnly = true })
	w.person(t, control.Account{Username: "ann"})
	sealed := "correct horse battery staple 0123456789"
	a, err := w.control.CreateAccount(t.Context(), control.Setup(), control.Account{
		Kind: control.KindHuman, Username: "bg-1", Role: control.RoleAdmin, BreakGlass: true,
	})
	check(t, err)
	if err := w.SetPassword(t.Context(), control.Setup(), a.ID, password[:20]); control.KindOf(err) != control.Invalid {
		t.Errorf("a short password: %v", err)
	}
	check(t, w.SetPassword(t.Context(), control.Setup(), a.ID, sealed))
	if got := w.signIn("ann", password, "192.0.2.1"); got.Code != http.StatusUnauthorized {
		t.Errorf("a password, where only providers sign people in: %d", got.Code)
	}
	if got := w.signIn("bg-1", sealed, "192.0.2.1"); got.Code != http.StatusUnauthorized {
		t.Errorf("without a reason: %d", got.Code)
	}
	open := func(reason string) ([]*http.Cookie, int) {
		got := w.send(request{method: "POST", path: "/auth/breakglass", body: `{"username":"bg-1","password":"` + sealed + `","reason":"` + reason + `"}`})
		return got.Result().Cookies(), got.Code
	}
	if _, code := open("because"); code != http.StatusBadRequest {
		t.Errorf("with a short reason: %d", code)
	}
	cookies, code := open("the provider is down, INC-1234")
	if code != http.StatusOK {
		t.Fatalf("with a reason: %d", code)
	}
	if log := w.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, a.ID) {
		t.Errorf("the log does not tell of it: %s", log)
	}
	records := w.records(t)
	if last := records[len(records)-3:]; !strings.Contains(fmt.Sprint(last), "auth.breakglass.open") {
		t.Errorf("the audit log does not tell of it: %+v", last)
	}
	alive := func() bool {
		return w.send(request{method: "GET", path: "/auth/session", cookies: cookies}).Code == http.StatusOK
	}
	for range 3 {
		w.pass(19 * time.Minute)
		if !alive() {
			t.Fatal("it ends too early")
		}
	}
	w.pass(3 * time.Minute)
	if alive() {
		t.Error("it lasts for more than an hour")
	}
}

// TestNothingSecretIsWritten looks for passwords and cookies in the log and in
// every record.
func TestNothingSecretIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person(t, control.Account{Username: "ann"})
	cookie := w.signIn("ann", password, "192.0.2.1").Result().Cookies()[0].Value
	w.signIn("ann", "a canary that is wrong", "192.0.2.1")
	w.signIn("a canary as a name", password, "192.0.2.1")
	everything := w.log.String() + fmt.Sprint(w.records(t))
	for _, secret := range []string{password, cookie, "canary", "argon2id"} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.person(t, control.Account{Username: "annabella", Email: "annabella@example.com"})
	for _, bad := range []string{"", "short", strings.Repeat("x", 129), "password1", "Password123!", "annabella2026", "lockflight", "\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if err := w.SetPassword(t.Context(), control.Setup(), ann.ID, bad); control.KindOf(err) != control.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{strings.Repeat("ü", 128), "        8 spaces first", "eightchr"} {
		check(t, w.SetPassword(t.Context(), control.Setup(), ann.ID, good))
		if _, _, err := w.SignIn(t.Context(), "annabella", good, someone); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// TestRehash: a password that was hashed at another cost is hashed anew when it
// is next seen.
func TestRehash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person(t, control.Account{Username: "ann"})
	dearer := signin.New(signin.Options{Control: w.control, Cost: signin.Cost{Memory: 128, Time: 2}, Now: w.now})
	for range 2 {
		_, _, err := dearer.SignIn(t.Context(), "ann", password, someone)
		check(t, err)
	}
	_, phc, err := w.control.FindLogin(t.Context(), "ann")
	check(t, err)
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=128,t=2,p=1$") {
		t.Errorf("what is kept: %.30s", phc)
	}
	renewed := 0
	for _, r := range w.records(t) {
		if r.Type == "auth.password.renew" {
			renewed++
		}
	}
	if renewed != 1 {
		t.Errorf("it was hashed anew %d times", renewed)
	}
}
