package e2e

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// canaries are secrets that are looked for everywhere but where they were given
// out: a short text that names them, and the secret.
type canaries map[string]string

// TestCanarySecrets (AS-40) gives a server that logs all it can every kind of
// secret, drives its API with them, rightly and wrongly, and then looks for them
// in its log, its files, its exports, its metrics and its answers.
func TestCanarySecrets(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	secrets := canaries{"admin token": adminToken, "SDK token": backendToken, "password of a Prometheus": "canary9prometheus"}
	p.flags = []string{"--log-level", "debug", "--prometheus-url", "http://reader:" + secrets["password of a Prometheus"] + "@127.0.0.1:1"}
	p.start(t)
	var said bytes.Buffer
	p.furnish(t, secrets)
	p.everywhere(t, secrets, &said)
	for path, body := range map[string]string{ // what is wrong with a body must be said without it
		"/auth/simple/login":    `{"username":"ann","password":["canary9list"]}`,
		"/api/admin/user-admin": `{"username":"x y","email":"a@example.com","password":"canary9weak","rootRole":1}`,
		"/api/v1/tokens":        `{"name":"canary9half`,
		"/edge/validate":        `{"tokens":["canary9token"]}`,
	} {
		p.say(t, &said, request{method: http.MethodPost, path: path, token: adminToken, body: []byte(body)})
	}
	maps.Copy(secrets, canaries{
		"list for a password": "canary9list", "password that is refused": "canary9weak", "half a body": "canary9half", "token that is none": "canary9token",
	})
	secrets.absent(t, "answers", said.Bytes())
	pack, backup := filepath.Join(t.TempDir(), "pack.zip"), filepath.Join(t.TempDir(), "backup")
	secrets.absentIn(t, p, "export")
	p.stop(t)
	secrets.absentIn(t, p, p.offline("audit", "export", "--out", pack)...)
	secrets.absentIn(t, p, p.offline("backup", "--out", backup)...)
	secrets.absent(t, "the log", []byte(p.process.log.String()))
	for _, place := range []string{p.data, pack, backup} {
		secrets.absentBelow(t, place)
	}
}

// furnish makes accounts, tokens and a session, and adds their secrets.
func (p *plane) furnish(t *testing.T, secrets canaries) {
	t.Helper()
	secrets["password"] = "canary9password-of-ann"
	p.must(t, http.MethodPost, "/api/admin/user-admin", map[string]any{
		"username": "ann", "email": "ann@example.com", "password": secrets["password"], "rootRole": 1,
	}, nil)
	secrets["wrong password"] = "canary9wrong"
	for name, want := range map[string]int{"password": http.StatusOK, "wrong password": http.StatusUnauthorized} {
		body, _ := json.Marshal(map[string]string{"username": "ann", "password": secrets[name]}) // texts always marshal
		a, err := p.send(t.Context(), request{method: http.MethodPost, path: "/auth/simple/login", body: body})
		if err != nil || a.status != want {
			t.Fatalf("signing in with the %s: %d %s, %v", name, a.status, a.body, err)
		}
		if cookie := a.header.Get("Set-Cookie"); want == http.StatusOK {
			_, value, _ := strings.Cut(cookie, "=")
			secrets["session"], _, _ = strings.Cut(value, ";")
		}
	}
	var service struct {
		Secret string `json:"secret"`
	}
	p.must(t, http.MethodPost, "/api/v1/tokens", map[string]any{
		"name": "canary", "type": "service", "projects": []string{"*"}, "environments": []string{"*"}, "permissions": []string{"flag.read"},
	}, &service)
	var sdk struct {
		Secret string `json:"secret"`
	}
	p.must(t, http.MethodPost, "/api/admin/api-tokens", map[string]any{
		"tokenName": "canary", "type": "client", "environment": environment, "projects": []string{"*"},
	}, &sdk)
	secrets["service token"], secrets["Unleash's token"] = service.Secret, sdk.Secret
	for name, secret := range secrets {
		if len(secret) < 10 {
			t.Fatalf("the %s is %q", name, secret)
		}
	}
}

var inPath = regexp.MustCompile(`\{[^}]*\}`)

// everywhere asks every documented route to which nothing need be sent, with
// each secret as the token.
func (p *plane) everywhere(t *testing.T, secrets canaries, said *bytes.Buffer) {
	t.Helper()
	a, err := p.send(t.Context(), request{method: http.MethodGet, path: "/api/v1/openapi.json"})
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil || len(doc.Paths) < 50 {
		t.Fatalf("%d paths are documented, %v", len(doc.Paths), err)
	}
	for path, methods := range doc.Paths {
		path = inPath.ReplaceAllString(path, "ann")
		for method := range methods {
			for _, secret := range secrets {
				r := request{method: strings.ToUpper(method), path: path, token: secret}
				if r.method != http.MethodGet {
					r.body = []byte(`{"reason":7}`)
				}
				if r.method == http.MethodDelete || strings.Contains(path, "stream") {
					continue
				}
				p.say(t, said, r)
			}
		}
	}
	for _, path := range []string{"/metrics", "/internal-backstage/prometheus", "/health", "/api/client/features", "/api/admin/events"} {
		p.say(t, said, request{method: http.MethodGet, path: path, token: adminToken})
	}
}

// say sends a request and keeps what is answered.
func (p *plane) say(t *testing.T, said *bytes.Buffer, r request) {
	t.Helper()
	a, err := p.send(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	fmt.Fprintf(said, "%s %s: %d %v %s\n", r.method, r.path, a.status, a.header, a.body)
}

// absentIn looks into what a command prints.
func (c canaries) absentIn(t *testing.T, p *plane, args ...string) {
	t.Helper()
	res := p.cli(t, nil, args...)
	if res.code != 0 {
		t.Fatalf("lockflight %q: exit status %d\n%s", args, res.code, res.errors)
	}
	c.absent(t, "lockflight "+args[0], []byte(res.out+res.errors))
}

// absentBelow looks into a file, or the files of a directory, and into what is
// compressed in them.
func (c canaries) absentBelow(t *testing.T, place string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(place, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		seen++
		c.absent(t, name, data)
		return err
	})
	if err != nil || seen == 0 {
		t.Errorf("%s: %d files, %v", place, seen, err)
	}
}

// absent looks for the secrets in a text, in each form that they may have there.
func (c canaries) absent(t *testing.T, where string, data []byte) {
	t.Helper()
	for _, text := range append(unpacked(t, data), data) {
		for name, secret := range c {
			for form, hidden := range forms(secret) {
				if i := bytes.Index(text, []byte(hidden)); i >= 0 {
					t.Errorf("%s has the %s, %s: ...%q...", where, name, form, text[max(0, i-80):min(len(text), i+len(hidden)+20)])
				}
			}
		}
	}
}

// forms are a secret's encodings. In base64 a text looks one of three ways, by
// where it begins; what is around it changes the characters at its ends.
func forms(secret string) map[string]string {
	out := map[string]string{"plain": secret, "in hex": hex.EncodeToString([]byte(secret))}
	for shift := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"in base64": base64.RawStdEncoding, "in base64url": base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			out[fmt.Sprintf("%s at %d", name, shift)] = text[(shift*8+5)/6 : len(text)-1]
		}
	}
	return out
}

// unpacked returns the members of a zip or gzip file.
func unpacked(t *testing.T, data []byte) (members [][]byte) {
	t.Helper()
	read := func(r io.Reader, err error) {
		if err == nil {
			var member []byte
			member, err = io.ReadAll(r)
			members = append(members, member)
		}
		if err != nil {
			t.Error(err)
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.File {
			read(f.Open())
		}
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(bytes.NewReader(data))
		read(r, err)
	}
	return members
}
