package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/lockflight/lockflight/internal/app"
)

type edgeCmd struct {
	logging
	Upstream string        `required:"" placeholder:"URL" help:"The control plane, or another edge, to follow."`
	Tokens   []string      `name:"token" required:"" env:"LOCKFLIGHT_TOKENS,LOCKFLIGHT_TOKEN" placeholder:"TOKEN" help:"Backend tokens; the edge serves what they read. Repeat it for several."`
	Name     string        `placeholder:"NAME" help:"What to call this edge; the host's name and the port where absent."`
	Listen   string        `default:"127.0.0.1:3063" help:"Where to listen."`
	Trust    []string      `placeholder:"VKEY" help:"Verifier keys of the control plane (signing.key.pub): nothing else is believed. Where absent, the first key that is seen is pinned, in the backup."`
	Backup   string        `type:"path" placeholder:"DIR" help:"Where to keep what is served, for a start while the upstream is away."`
	MaxStale time.Duration `name:"max-stale" placeholder:"DURATION" help:"Not ready once the upstream has confirmed nothing for so long. It serves on."`

	FrontendOrigins []string `name:"frontend-origins" placeholder:"URL,..." help:"Sites whose pages may use the frontend API and OFREP; all where absent."`
}

// Run serves SDKs from an upstream until it is told to stop.
func (c *edgeCmd) Run(ctx context.Context, s streams) error {
	if c.MaxStale < 0 {
		return usageError{fmt.Errorf("--max-stale: %v is negative", c.MaxStale)}
	}
	defer runtime.KeepAlive(frugal())
	log := c.logger(s.err)
	e, err := app.NewEdge(ctx, app.EdgeOptions{
		Name: c.Name, Listen: c.Listen, Upstream: c.Upstream, Tokens: c.Tokens, Trust: c.Trust, Backup: c.Backup, MaxStale: c.MaxStale,
		FrontendOrigins: c.FrontendOrigins, Version: version(), Logger: log,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "lockflight edge is serving at", e.URL())
	err = e.Run(ctx)
	log.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "stopped")
	return err
}
