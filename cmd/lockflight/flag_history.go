package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// flagPlace is a flag in an environment, on the command line.
type flagPlace struct {
	Name        string `arg:"" help:"The flag."`
	Environment string `short:"e" required:"" help:"The environment."`
}

// path is the place in the API, with what comes below it.
func (p flagPlace) path(below string) string {
	return "/api/v1/flags/" + url.PathEscape(p.Name) + "/environments/" + url.PathEscape(p.Environment) + below
}

type flagHistoryCmd struct {
	remote
	format
	flagPlace
	Before int64 `help:"Only versions before this one."`
	Limit  int   `default:"20" help:"How many at most: 1 to 1000."`
}

// versionDoc is one version of a flag's configuration.
type versionDoc struct {
	Revision    int64           `json:"revision"`
	At          time.Time       `json:"at"`
	Event       string          `json:"event"`
	By          partyDoc        `json:"by"`
	Differences []differenceDoc `json:"differences"`
}

type partyDoc struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// differenceDoc is one place in which two documents differ.
type differenceDoc struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// Run prints the versions, the newest first.
func (c *flagHistoryCmd) Run(ctx context.Context, s streams) error {
	var raw json.RawMessage
	query := fmt.Sprintf("/history?before=%d&limit=%d", c.Before, c.Limit)
	if err := c.call(ctx, http.MethodGet, c.path(query), nil, &raw); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, raw)
	}
	var out struct {
		Versions []versionDoc `json:"versions"`
		Next     string       `json:"next"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	for _, v := range out.Versions {
		fmt.Fprintf(s.out, "%d  %s  %s  %s\n", v.Revision, v.At.Format(time.RFC3339Nano), v.Event, v.By.ID)
		for _, d := range v.Differences {
			d.print(s.out)
		}
	}
	if out.Next != "" {
		fmt.Fprintf(s.out, "more with --before %d\n", out.Versions[len(out.Versions)-1].Revision)
	}
	return nil
}

// print writes the difference in one line: + for what was added, - for what
// was removed, ~ for what was changed.
func (d differenceDoc) print(w io.Writer) {
	path := d.Path
	if path != "" {
		path += ": "
	}
	switch {
	case d.Before == nil:
		fmt.Fprintf(w, "    + %s%s\n", path, d.After)
	case d.After == nil:
		fmt.Fprintf(w, "    - %s%s\n", path, d.Before)
	default:
		fmt.Fprintf(w, "    ~ %s%s -> %s\n", path, d.Before, d.After)
	}
}

type flagRestoreCmd struct {
	remote
	format
	flagPlace
	Rev int64 `required:"" help:"The version, as flag history lists it."`
}

// Run restores the version and prints the flag.
func (c *flagRestoreCmd) Run(ctx context.Context, s streams) error {
	var out flagDoc
	if err := c.call(ctx, http.MethodPost, c.path("/restore"), map[string]int64{"revision": c.Rev}, &out); err != nil {
		return err
	}
	return c.show(s, out)
}
