package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"
)

// personReason is what is said of a person who is erased, or held.
type personReason struct {
	Person string `json:"person"`
	Reason string `json:"reason"`
}

type auditEraseCmd struct {
	remote
	format
	Person string `arg:"" help:"The person's id (u_...). The account is deleted where it is still there."`
	Reason string `required:"" help:"Why: it is kept, so name nobody in it."`
}

// Run erases a person and says what is left.
func (c *auditEraseCmd) Run(ctx context.Context, s streams) error {
	var out struct {
		personReason
		By    string    `json:"by"`
		At    time.Time `json:"at"`
		Clear int       `json:"clear"`
	}
	if err := c.call(ctx, http.MethodPost, "/api/v1/audit/erasures", personReason{c.Person, c.Reason}, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	fmt.Fprintf(s.out, "%s is erased: the key is destroyed\n", out.Person)
	if out.Clear > 0 {
		fmt.Fprintf(s.out, "%d revisions of the account were written before personal data was sealed, and still show it\n", out.Clear)
	}
	fmt.Fprintln(s.out, "backups from before this still hold the key, until they expire")
	return nil
}

type auditHoldCmd struct {
	remote
	format
	Person string `arg:"" optional:"" help:"The person's id (u_...), or * for everybody; lists the holds where absent."`
	Reason string `help:"Why: the matter that it is for."`
}

// Run sets a hold, or lists those that stand.
func (c *auditHoldCmd) Run(ctx context.Context, s streams) error {
	if c.Person != "" {
		return c.call(ctx, http.MethodPost, "/api/v1/audit/holds", personReason{c.Person, c.Reason}, nil)
	}
	var out struct {
		Holds []struct {
			personReason
			By string    `json:"by"`
			At time.Time `json:"at"`
		} `json:"holds"`
	}
	if err := c.call(ctx, http.MethodGet, "/api/v1/audit/holds", nil, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PERSON\tSINCE\tBY\tREASON")
	for _, h := range out.Holds {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", h.Person, h.At.Format(time.DateOnly), h.By, h.Reason)
	}
	return w.Flush()
}

type auditUnholdCmd struct {
	remote
	Person string `arg:"" help:"The person's id (u_...), or *."`
}

// Run releases a hold.
func (c *auditUnholdCmd) Run(ctx context.Context, _ streams) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/audit/holds/"+url.PathEscape(c.Person), nil, nil)
}
