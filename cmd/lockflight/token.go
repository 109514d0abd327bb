package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token; its secret is shown once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
}

type token struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Type         string     `json:"type"`
	Projects     []string   `json:"projects"`
	Environment  string     `json:"environment"`
	Environments []string   `json:"environments,omitempty"`
	Permissions  []string   `json:"permissions,omitempty"`
	CreatedAt    time.Time  `json:"createdAt"`
	CreatedBy    string     `json:"createdBy,omitempty"`
	ExpiresAt    *time.Time `json:"expiresAt,omitempty"`
	LastUsedAt   *time.Time `json:"lastUsedAt,omitempty"`
	RotatedFrom  string     `json:"rotatedFrom,omitempty"`
	Secret       string     `json:"secret,omitempty"`
}

type tokenCreateCmd struct {
	remote
	format
	Name        string        `help:"What the token is for; needed unless --rotate is."`
	Type        string        `enum:"admin,backend,frontend,service,edge,agent" default:"backend" help:"admin, backend, frontend, service, edge or agent."`
	Environment []string      `short:"e" help:"An environment: one for backend and frontend; all where a service or edge token names none."`
	Project     []string      `short:"p" help:"A project; all where none is named."`
	Permission  []string      `help:"What a service token may do: flag.read, flag.env.toggle_off ..."`
	Owner       string        `help:"Of an agent's token: the agent, by id (ag_...)."`
	Expires     time.Duration `help:"How long it counts: 720h. Service and edge tokens end after 90 days by default."`
	Rotate      string        `placeholder:"ID" help:"Replace the secret of this token instead, keeping its scopes."`
	Overlap     time.Duration `help:"How long the old secret counts on beside the new one, at most 24h."`
}

// Run makes the token and prints its secret.
func (c *tokenCreateCmd) Run(ctx context.Context, s streams) error {
	path, in := "/api/v1/tokens", c.input(time.Now())
	if c.Rotate != "" {
		path += "/" + url.PathEscape(c.Rotate) + "/rotate"
		in = map[string]any{"overlap": c.Overlap.String()}
	}
	var out token
	if err := c.call(ctx, http.MethodPost, path, in, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	fmt.Fprintln(s.out, out.Secret)
	fmt.Fprintf(s.err, "%s is %s; the secret is not shown again\n", out.Name, out.ID)
	return nil
}

// input is the body that asks for the token.
func (c *tokenCreateCmd) input(now time.Time) map[string]any {
	in := map[string]any{"name": c.Name, "type": c.Type, "projects": c.Project, "owner": c.Owner}
	switch {
	case c.Type == "service" || c.Type == "edge" || c.Type == "agent":
		in["environments"] = c.Environment
	case len(c.Environment) > 0:
		in["environment"] = strings.Join(c.Environment, ",")
	}
	if len(c.Permission) > 0 {
		in["permissions"] = c.Permission
	}
	if c.Expires > 0 {
		in["expiresAt"] = now.Add(c.Expires).UTC()
	}
	return in
}

type tokenListCmd struct {
	remote
	format
}

// Run prints the tokens.
func (c *tokenListCmd) Run(ctx context.Context, s streams) error {
	return printList(ctx, c.remote, c.format, s, nil, "/api/v1/tokens", "tokens", "ID\tNAME\tTYPE\tENVIRONMENTS\tPROJECTS\tEXPIRES\tLAST USED", func(t token) string {
		envs := append([]string{}, t.Environments...)
		if t.Environment != "" {
			envs = append(envs, t.Environment)
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", t.ID, t.Name, t.Type, strings.Join(envs, ","),
			strings.Join(t.Projects, ","), moment(t.ExpiresAt), moment(t.LastUsedAt))
	})
}

// moment prints when something is, for a column.
func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format(time.DateTime)
}

type tokenRevokeCmd struct {
	remote
	ID string `arg:"" help:"The token's id (tok_...)."`
}

// Run ends the token.
func (c *tokenRevokeCmd) Run(ctx context.Context, s streams) error {
	if err := c.call(ctx, http.MethodDelete, "/api/v1/tokens/"+url.PathEscape(c.ID), nil, nil); err != nil {
		return err
	}
	fmt.Fprintln(s.out, c.ID, "is revoked")
	return nil
}
