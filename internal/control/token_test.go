package control_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

func backend(projects ...string) control.Token {
	return control.Token{Name: "ci", Type: control.TokenBackend, Environment: "production", Projects: projects}
}

func TestCreateToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct {
		in     control.Token
		prefix string
		may    control.Permission
		at     control.Scope
		not    control.Permission
	}{
		"backend":              {backend(), "*:production.", control.PermClientRead, inProd, control.PermRead},
		"backend of a project": {backend("blue"), "blue:production.", control.PermEvidenceWrite, inProd, control.PermRead},
		"backend of two":       {backend("blue", "default"), "[]:production.", control.PermClientRead, inProd, control.PermRead},
		"frontend": {
			control.Token{Name: "web", Type: control.TokenFrontend, Environment: "production"},
			"*:production.",
			control.PermClientWrite, inProd, control.PermClientRead,
		},
		"admin": {control.Token{Name: "ops", Type: control.TokenAdmin}, "*:*.", control.PermTokenCreate, anywhere, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, secret, err := w.CreateToken(t.Context(), root, tc.in)
			check(t, err)
			if random, ok := strings.CutPrefix(secret, tc.prefix); !ok || len(random) != 56 {
				t.Errorf("secret %q, want %s and 56 hex digits", secret, tc.prefix)
			}
			p, found, err := w.Authenticate(t.Context(), secret)
			check(t, err)
			diff(t, "the token found", made, found)
			check(t, p.May(tc.may, tc.at))
			if tc.not != "" {
				wantErr(t, p.May(tc.not, tc.at), control.Denied, string(tc.not))
				wantErr(t, p.May(tc.may, control.Scope{Project: "blue", Environment: "development"}), control.Denied, "")
			}
			_, _, err = w.Authenticate(t.Context(), secret[:len(secret)-1]+"x")
			wantErr(t, err, control.Unauthenticated, "")
		})
	}
}

func TestCreateTokenRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	past, now := begin.Add(-time.Second), begin
	for name, tc := range map[string]struct {
		change func(*control.Token)
		field  string
	}{
		"no name":                {func(x *control.Token) { x.Name = "" }, "name"},
		"a bad name":             {func(x *control.Token) { x.Name = "a b" }, "name"},
		"no type":                {func(x *control.Token) { x.Type = "" }, "type"},
		"another type":           {func(x *control.Token) { x.Type = "root" }, "type"},
		"an admin's environment": {func(x *control.Token) { x.Type = control.TokenAdmin }, "type"},
		"no environment":         {func(x *control.Token) { x.Environment = "" }, "environment"},
		"all environments":       {func(x *control.Token) { x.Environment = "*" }, "environment"},
		"no such environment":    {func(x *control.Token) { x.Environment = "moon" }, "environment"},
		"no such project":        {func(x *control.Token) { x.Projects = []string{"blue", "red"} }, "projects[1]"},
		"all and one":            {func(x *control.Token) { x.Projects = []string{"blue", "*"} }, "projects"},
		"expired":                {func(x *control.Token) { x.ExpiresAt = &past }, "expiresAt"},
		"expires now":            {func(x *control.Token) { x.ExpiresAt = &now }, "expiresAt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := backend()
			tc.change(&in)
			_, _, err := w.CreateToken(t.Context(), root, in)
			wantErr(t, err, control.Invalid, tc.field)
		})
	}
}

func TestAddToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := must(w.AddToken(t.Context(), root, control.TokenBackend, "*:production.secret"))(t)
	w.pass(time.Hour)
	diff(t, "the same again", first, must(w.AddToken(t.Context(), root, control.TokenBackend, "*:production.secret"))(t))
	_, err := w.AddToken(t.Context(), root, control.TokenFrontend, "*:production.secret")
	wantErr(t, err, control.Exists, "token")

	check(t, w.RevokeToken(t.Context(), root, first.ID))
	before := w.head(t)
	must(w.AddToken(t.Context(), root, control.TokenBackend, "*:production.secret"))(t)
	if w.head(t) != before {
		t.Error("a revoked token came back at the next start")
	}
	_, _, err = w.Authenticate(t.Context(), "*:production.secret")
	wantErr(t, err, control.Unauthenticated, "")

	for _, secret := range []string{"", "secret", "*:production", ":production.x", "*:.x", "*:production.", "[]:production.x"} {
		_, err := w.AddToken(t.Context(), root, control.TokenBackend, secret)
		wantErr(t, err, control.Invalid, "token")
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := backend()
	in.ExpiresAt = new(begin.Add(time.Hour))
	_, secret, err := w.CreateToken(t.Context(), root, in)
	check(t, err)
	w.pass(time.Hour - time.Millisecond)
	_, _, err = w.Authenticate(t.Context(), secret)
	check(t, err)
	w.pass(time.Millisecond)
	_, _, err = w.Authenticate(t.Context(), secret)
	wantErr(t, err, control.Unauthenticated, "")
}

func TestTokenRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, secret, err := w.CreateToken(t.Context(), root, backend())
	check(t, err)
	check(t, w.RevokeToken(t.Context(), root, made.ID))
	_, _, err = w.Authenticate(t.Context(), secret)
	wantErr(t, err, control.Unauthenticated, "")
	if all := must(w.Tokens(t.Context(), root))(t); len(all) != 0 {
		t.Errorf("%d tokens are left", len(all))
	}
}

// TestID01TokensAreHashedAtRest looks for secrets in every byte of the database.
func TestID01TokensAreHashedAtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, made, err := w.CreateToken(t.Context(), root, backend())
	check(t, err)
	const chosen = "*:production.canary-of-the-operator"
	must(w.AddToken(t.Context(), root, control.TokenBackend, chosen))(t)
	_, _, err = w.Authenticate(t.Context(), made)
	check(t, err)
	check(t, w.db.Close())
	_, random, _ := strings.Cut(made, ".")
	files := 0
	check(t, fs.WalkDir(os.DirFS(w.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b := must(fs.ReadFile(os.DirFS(w.dir), name))(t)
		for _, secret := range []string{random, "canary-of-the-operator"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds a token's secret", name)
			}
		}
		return nil
	}))
	if files == 0 {
		t.Error("the database has no files")
	}
}
