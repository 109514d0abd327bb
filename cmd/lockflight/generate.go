package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"

	"github.com/lockflight/lockflight/sdk/eval"
)

type generateCmd struct {
	Go generateGoCmd `cmd:"" help:"Write a Go file with a typed accessor for each flag."`
}

type generateGoCmd struct {
	remote
	Project string `short:"p" help:"Only this project's flags."`
	From    string `type:"path" placeholder:"FILE" help:"Read a client features document, as GET /api/client/features gives it, and ask no server."`
	Package string `default:"flags" help:"The file's package."`
	Out     string `default:"-" placeholder:"FILE" help:"The file to write; - for standard output."`
	Check   bool   `help:"Write nothing, and fail where the file is not what would be written."`
}

// flagSource is what generated code says of a flag.
type flagSource struct {
	name, kind, description string
	stale                   bool
	variants                []eval.WeightedVariant // wherever it is configured
}

// Run writes the file, or compares it.
func (c *generateGoCmd) Run(ctx context.Context, s streams) error {
	if c.Check && c.Out == "-" {
		return usageError{errors.New("--check needs --out, the file to compare")}
	}
	read := c.fromServer
	if c.From != "" {
		read = c.fromDocument
	}
	flags, err := read(ctx)
	if err != nil {
		return err
	}
	code, err := generateGo(c.Package, flags)
	if err != nil {
		return err
	}
	if c.Out == "-" {
		_, err := s.out.Write(code)
		return err
	}
	return c.update(s, code, len(flags))
}

// update writes the file unless it is up to date, or says that it is not.
func (c *generateGoCmd) update(s streams, code []byte, flags int) error {
	before, err := os.ReadFile(c.Out)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read what to replace: %w", err)
	case err == nil && bytes.Equal(before, code):
		return nil
	case c.Check:
		return fmt.Errorf("%s is not up to date\nhint: write it anew with lockflight generate go --out %s", c.Out, c.Out)
	}
	if err := os.WriteFile(c.Out, code, 0o644); err != nil {
		return fmt.Errorf("write the accessors: %w", err)
	}
	fmt.Fprintf(s.err, "%s has %d flags\n", c.Out, flags)
	return nil
}

// fromServer asks for the flags, and for the variants of each.
func (c *generateGoCmd) fromServer(ctx context.Context) ([]flagSource, error) {
	list, err := all[flagDoc](ctx, c.remote, "/api/v1/flags", url.Values{"project": {c.Project}}, "flags")
	if err != nil {
		return nil, err
	}
	flags := make([]flagSource, len(list))
	for i, f := range list {
		var doc struct {
			Environments []struct {
				Strategies []eval.Strategy `json:"strategies"`
			} `json:"environments"`
		}
		if err := c.call(ctx, http.MethodGet, "/api/v1/flags/"+url.PathEscape(f.Name), nil, &doc); err != nil {
			return nil, err
		}
		flags[i] = flagSource{name: f.Name, kind: f.Type, description: f.Description, stale: f.Stale}
		for _, e := range doc.Environments {
			flags[i].addStrategies(e.Strategies)
		}
	}
	return flags, nil
}

// fromDocument reads the flags from the file.
func (c *generateGoCmd) fromDocument(context.Context) ([]flagSource, error) {
	data, err := os.ReadFile(c.From)
	if err != nil {
		return nil, fmt.Errorf("read the flags: %w", err)
	}
	var document eval.Snapshot
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("%s is not a client features document: %w", c.From, err)
	}
	var flags []flagSource
	for _, f := range document.Features {
		if c.Project != "" && f.Project != c.Project {
			continue
		}
		source := flagSource{name: f.Name, kind: f.Type, description: f.Description, stale: f.Stale, variants: f.Variants}
		source.addStrategies(f.Strategies)
		flags = append(flags, source)
	}
	return flags, nil
}

func (f *flagSource) addStrategies(strategies []eval.Strategy) {
	for _, st := range strategies {
		f.variants = append(f.variants, st.Variants...)
	}
}
