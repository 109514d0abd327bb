package migrate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// Unleash is a running Unleash, read over its admin API. The token needs to
// read all that shall be carried; a read-only one does.
type Unleash struct {
	URL      string
	Token    string
	Client   *http.Client
	Progress func(done, of int, what string) // called before each part; may be nil
}

// maxAnswer bounds one answer of an Unleash, in bytes.
const maxAnswer = 256 << 20

// Read reads everything that can be carried. It changes nothing there.
func (u Unleash) Read(ctx context.Context) (Source, error) {
	var (
		src    Source
		envs   struct{ Environments []control.EnvironmentSpec }
		prs    struct{ Projects []struct{ ID string } }
		segs   struct{ Segments []Segment }
		custom struct{ Strategies []Strategy }
		fields []control.FieldSpec
		types  struct{ TagTypes []control.TagType }
	)
	for _, part := range []struct {
		path string
		into any
	}{
		{"environments", &envs},
		{"projects", &prs},
		{"segments", &segs},
		{"strategies", &custom},
		{"context", &fields},
		{"tag-types", &types},
	} {
		if err := u.get(ctx, part.path, part.into); err != nil {
			return src, err
		}
	}
	src.Environments, src.Segments = envs.Environments, segs.Segments
	src.Strategies = slices.DeleteFunc(custom.Strategies, func(s Strategy) bool { return !s.Editable })
	src.Exports = []Export{{ContextFields: fields, TagTypes: types.TagTypes}}
	for i, p := range prs.Projects {
		u.progress(i, len(prs.Projects), "project "+p.ID)
		project, exports, err := u.project(ctx, p.ID)
		if err != nil {
			return src, err
		}
		src.Projects = append(src.Projects, project)
		src.Exports = append(src.Exports, exports...)
	}
	losses, err := u.uncarried(ctx)
	src.Losses = losses
	return src, err
}

// project reads a project, and its flags in each environment that it is served
// in.
func (u Unleash) project(ctx context.Context, id string) (out control.ProjectSpec, exports []Export, err error) {
	var in struct {
		Environments []struct {
			Name    string
			Visible *bool
		}
	}
	if err := u.get(ctx, "environments/project/"+url.PathEscape(id), &in); err != nil {
		return out, nil, err
	}
	var about struct {
		Name, Description, DefaultStickiness, Mode string

		FeatureNaming *control.Naming
		LinkTemplates []control.LinkTemplate
	}
	if err := u.get(ctx, "projects/"+url.PathEscape(id)+"/overview", &about); err != nil {
		return out, nil, err
	}
	out = control.ProjectSpec{
		Name: id, Title: about.Name, Description: about.Description, DefaultStickiness: about.DefaultStickiness,
		Mode: about.Mode, LinkTemplates: about.LinkTemplates,
	}
	if n := about.FeatureNaming; n != nil && n.Pattern != "" {
		out.FeatureNaming = n
	}
	for _, e := range in.Environments {
		if e.Visible != nil && !*e.Visible {
			continue
		}
		out.Environments = append(out.Environments, e.Name)
		var one Export
		query := map[string]string{"environment": e.Name, "project": id}
		if err := u.call(ctx, http.MethodPost, "features-batch/export", query, &one); err != nil {
			return out, nil, err
		}
		exports = append(exports, one)
	}
	return out, exports, nil
}

// uncarried names what an Unleash has and no import can bring: secrets are not
// told, and people set their own passwords.
func (u Unleash) uncarried(ctx context.Context) ([]Loss, error) {
	var tokens struct {
		Tokens []struct{ TokenName, Type string }
	}
	var users struct{ Users []struct{} }
	var out []Loss
	if err := u.get(ctx, "api-tokens", &tokens); err != nil {
		return nil, err
	}
	for _, t := range tokens.Tokens {
		out = append(out, Loss{Kind: "token", Name: t.TokenName, Reason: "a secret is not copied: make a new " + t.Type + " token, or start serve with the old one in INIT_BACKEND_API_TOKENS"})
	}
	if err := u.get(ctx, "user-admin", &users); err != nil {
		return out, nil //nolint:nilerr // a token that may not read users is enough for all the rest
	}
	if n := len(users.Users); n > 0 {
		out = append(out, Loss{Kind: "users", Name: strconv.Itoa(n), Reason: "people are invited anew, or sign in with OpenID Connect"})
	}
	return out, nil
}

func (u Unleash) progress(done, of int, what string) {
	if u.Progress != nil {
		u.Progress(done, of, what)
	}
}

func (u Unleash) get(ctx context.Context, path string, out any) error {
	return u.call(ctx, http.MethodGet, path, nil, out)
}

// call asks the admin API and decodes its answer into out.
func (u Unleash) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encoding the question for %s: %w", path, err)
		}
		body = bytes.NewReader(raw)
	}
	base := strings.TrimSuffix(strings.TrimSuffix(u.URL, "/"), "/api")
	req, err := http.NewRequestWithContext(ctx, method, base+"/api/admin/"+path, body)
	if err != nil {
		return fmt.Errorf("%q: %w", u.URL, err)
	}
	req.Header.Set("Authorization", u.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := u.Client.Do(req)
	if err != nil {
		return fmt.Errorf("asking Unleash: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("unleash answers %s %s with %s%s", method, req.URL.Path, resp.Status, hint(resp.StatusCode))
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("reading Unleash's answer to %s %s: %w", method, req.URL.Path, err)
	}
	return nil
}

func hint(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "\nhint: --from-token needs an admin token of that Unleash"
	case http.StatusNotFound:
		return "\nhint: is that the address of an Unleash 5 or later, without /api?"
	}
	return ""
}
