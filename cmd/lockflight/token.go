package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token; its secret is shown once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
}

type token struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Type        string     `json:"type"`
	Projects    []string   `json:"projects"`
	Environment string     `json:"environment"`
	CreatedAt   time.Time  `json:"createdAt"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
	Secret      string     `json:"secret,omitempty"`
}

type tokenCreateCmd struct {
	remote
	format
	Name        string   `required:"" help:"What the token is for."`
	Type        string   `enum:"admin,backend,frontend" default:"backend" help:"admin, backend or frontend."`
	Environment string   `short:"e" help:"The environment, for backend and frontend."`
	Project     []string `short:"p" help:"A project; all where none is named."`
}

// Run makes the token and prints its secret.
func (c *tokenCreateCmd) Run(ctx context.Context, s streams) error {
	in := map[string]any{"name": c.Name, "type": c.Type, "environment": c.Environment, "projects": c.Project}
	var out token
	if err := c.call(ctx, http.MethodPost, "/api/v1/tokens", in, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	fmt.Fprintln(s.out, out.Secret)
	fmt.Fprintf(s.err, "%s is %s; the secret is not shown again\n", out.Name, out.ID)
	return nil
}

type tokenListCmd struct {
	remote
	format
}

// Run prints the tokens.
func (c *tokenListCmd) Run(ctx context.Context, s streams) error {
	var out struct {
		Tokens []token `json:"tokens"`
	}
	if err := c.call(ctx, http.MethodGet, "/api/v1/tokens", nil, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tTYPE\tENVIRONMENT\tPROJECTS")
	for _, t := range out.Tokens {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Type, t.Environment, strings.Join(t.Projects, ","))
	}
	return w.Flush()
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
