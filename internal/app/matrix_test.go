package app_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/wiretest"
)

// open are the routes that ask nobody who they are: those by which people come
// in, and what may be known before.
var open = regexp.MustCompile(`^\S+ (/$|/health|/ready|/metrics|/internal-backstage|/setup|/auth|/invite|/logout|/edge/(validate|issue-token|metrics)|/api/v1/(openapi\.json|freshness)|/\.well-known)`)

// callers are the columns of the matrix.
var callers = []string{"no token", "other project", "other env", "viewer", "expired", "agent", "killed"}

// TestRouteMatrix sends a request to every route as each kind of caller who
// should not be let in, or not for all, and compares the answers' statuses with
// those that are written down: a route that has no row there fails. What has
// expired, or was killed, is let in nowhere.
func TestRouteMatrix(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	o := options(t)
	o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	h := heistOn(t, o)
	secrets := h.callers(t)
	ahead.Store(int64(2 * time.Hour)) // what was to expire has
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "route\t%s\n", strings.Join(callers, "\t"))
	for _, route := range h.routes(t) {
		method, path, _ := strings.Cut(route, " ")
		fmt.Fprint(w, route)
		for _, caller := range callers {
			status := h.status(t, method, h.path(path), secrets[caller])
			fmt.Fprintf(w, "\t%d", status)
			closed := caller == "no token" || caller == "expired" || caller == "killed"
			if in := status < 400; closed && in && !open.MatchString(route) {
				t.Errorf("%s let %s in: %d", route, caller, status)
			}
		}
		fmt.Fprintln(w)
	}
	check(t, w.Flush())
	wiretest.Compare(t, "testdata/routes.txt", out.Bytes())
}

// callers makes the credentials of the columns.
func (h *heist) callers(t *testing.T) map[string]string {
	t.Helper()
	ctx := t.Context()
	token := func(in control.Token) string {
		in.Name = "matrix"
		_, secret, err := h.Service.CreateToken(ctx, h.ann, in)
		check(t, err)
		return secret
	}
	killed, err := h.Service.RegisterAgent(ctx, h.ann, control.Account{
		Username: "killed", Owner: h.names["person"], Purpose: "to be looked at", Role: control.RoleAdmin,
	})
	check(t, err)
	_, err = h.Service.CreateProject(ctx, h.ann, control.Project{ID: "other", Name: "Other"})
	check(t, err)
	all, read := []control.Permission{control.PermAny}, []control.Permission{control.PermRead}
	soon := time.Now().Add(time.Hour)
	out := map[string]string{
		"other project": token(control.Token{Type: control.TokenService, Permissions: all, Projects: []string{"other"}}),
		"other env":     token(control.Token{Type: control.TokenService, Permissions: all, Environments: []string{"development"}}),
		"viewer":        token(control.Token{Type: control.TokenService, Permissions: read}),
		"expired":       token(control.Token{Type: control.TokenService, Permissions: all, ExpiresAt: &soon}),
		"agent":         h.secrets["as the agent"],
		"killed":        token(control.Token{Type: control.TokenAgent, Owner: killed.ID}),
	}
	_, err = h.Service.Kill(ctx, h.ann, control.Kill{Scope: control.KillAgent, Target: killed.ID, Reason: "the matrix"})
	check(t, err)
	return out
}

// routes are all that there are, but for the catch-alls below them.
func (h *heist) routes(t *testing.T) []string {
	t.Helper()
	var rooms []string
	check(t, filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if files, _ := filepath.Glob(filepath.Join(name, "*.go")); d.IsDir() && len(files) > 0 {
			rooms = append(rooms, name)
		}
		return err
	}))
	all := routeTable(t, rooms...)
	all = append(all, h.documented(t)...)
	slices.SortFunc(all, func(a, b string) int { // what removes things comes last
		method := func(route string) int { return slices.Index(methods, route[:strings.Index(route, " ")]) }
		return cmp.Or(method(a)-method(b), strings.Compare(a, b))
	})
	return slices.DeleteFunc(slices.Compact(all), func(route string) bool { return strings.Contains(route, "{$}") })
}

var methods = []string{http.MethodGet, http.MethodPatch, http.MethodPut, http.MethodPost, http.MethodDelete}

var parameter = regexp.MustCompile(`\{([A-Za-z]+)\.*\}`)

// path fills what there is into the parameters of a route.
func (h *heist) path(route string) string {
	names := map[string]string{
		"project": "default", "projectId": "default", "flag": "dark", "feature": "dark", "featureName": "dark", "environment": "production",
		"strategyId": h.names["few-strategy"], "segmentId": h.names["segment"], "user": "1", "action": "revive",
	}
	return parameter.ReplaceAllStringFunc(route, func(m string) string {
		name, ok := names[strings.Trim(m, "{}.")]
		switch {
		case ok:
			return name
		case strings.HasPrefix(route, "/api/admin/"): // whose ids are numbers
			return "1"
		}
		return h.agent.ID
	})
}

// status is that of an empty request; of a stream it is its beginning.
func (h *heist) status(t *testing.T, method, path, secret string) int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body := ""
	if method != http.MethodGet {
		body = "{}"
	}
	r := request(t, method, h.URL()+path, secret, body).WithContext(ctx)
	resp, err := noRedirects.Do(r)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode == http.StatusTooManyRequests { // a guess too many is as good as a wrong one
		return http.StatusUnauthorized
	}
	return resp.StatusCode
}

// noRedirects shows where a route leads, and does not go there.
var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
