package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/demo"
)

type demoCmd struct {
	format
	Seed   uint64 `default:"1" help:"Of the world and of the fleet."`
	Fast   bool   `help:"Shorter milestones: ends within a minute."`
	Keep   bool   `help:"Leave the server running afterwards."`
	Listen string `default:"127.0.0.1:0" help:"Where the server listens."`
}

// Run shows one release that climbs to 100 %, and one that is rolled back.
func (c *demoCmd) Run(ctx context.Context, s streams) (err error) {
	out := s.out
	if c.Output == "json" {
		out = s.err // the report alone is the output
	}
	dir, err := os.MkdirTemp("", "lockflight-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	admin, backend := "*:*."+rand.Text(), "*:"+demo.Environment+"."+rand.Text()
	begin := time.Now()
	a, err := app.New(ctx, app.Options{
		Listen: c.Listen, DataDir: dir, Version: version(),
		AdminTokens: []string{admin}, BackendTokens: []string{backend}, Logger: logging{LogLevel: "warn", LogFormat: "text"}.logger(s.err),
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()

	world, err := demo.Seed(ctx, a.Service, c.Seed)
	if err != nil {
		return fmt.Errorf("making the world: %w", err)
	}
	fmt.Fprintf(out, "world    %d services x %d environments, %d flags (seed %d), made in %.1f s\n",
		world.Services, world.Environments, world.Flags, c.Seed, time.Since(begin).Seconds())
	fmt.Fprintf(out, "server   %s\n", a.URL())

	fleet, err := startFleet(ctx, a.URL(), backend, c.Seed, s.err)
	if err != nil {
		return err
	}
	defer fleet.stop()
	fmt.Fprintf(out, "fleet    process %d: two agents, knows this URL and a token\n", fleet.pid())

	api := remote{URL: a.URL(), Token: admin}
	step := 4 * time.Second
	if c.Fast {
		step = 2 * time.Second
	}
	report, err := demo.Run(ctx, demo.Options{Call: api.call, Out: out, Step: step})
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := report.Print(out); err != nil {
		return err
	}
	if err := c.prove(ctx, streams{s.in, out, s.err}, api, report); err != nil {
		return err
	}
	if c.Output == "json" {
		if err := printJSON(s.out, report); err != nil {
			return err
		}
	}
	if c.Keep {
		fmt.Fprintf(out, "\nstill serving at %s; admin token %s; Ctrl-C ends it\n", a.URL(), admin)
		<-ctx.Done()
	}
	if !report.OK {
		return errors.New("a build ended otherwise than it should: the good one must reach 100 %, the bad one be rolled back")
	}
	return nil
}

// prove runs the commands by which anyone can check what was shown.
func (c *demoCmd) prove(ctx context.Context, s streams, api remote, report demo.Report) error {
	commands := [][]string{{"audit", "verify"}}
	for _, id := range report.FinalVerdicts() {
		commands = append(commands, []string{"gate", "replay", id})
	}
	for _, args := range commands {
		fmt.Fprintf(s.out, "\n$ lockflight %s\n", strings.Join(args, " "))
		if code := run(ctx, append(args, "--url", api.URL, "--token", api.Token), s); code != 0 {
			return fmt.Errorf("lockflight %s: exit status %d", strings.Join(args, " "), code)
		}
	}
	return nil
}

// fleetProcess is the fleet, a process of its own.
type fleetProcess struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func startFleet(ctx context.Context, url, token string, seed uint64, errs io.Writer) (*fleetProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "fleet", "--log-level", "error", "--seed", strconv.FormatUint(seed, 10))
	cmd.Env = append(os.Environ(), "LOCKFLIGHT_URL="+url, "LOCKFLIGHT_TOKEN="+token)
	cmd.Stderr = errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the fleet: %w", err)
	}
	f := &fleetProcess{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it ends when it is told to, or its faults show in the report
		close(f.done)
	}()
	return f, nil
}

func (f *fleetProcess) pid() int { return f.cmd.Process.Pid }

func (f *fleetProcess) stop() {
	_ = f.cmd.Process.Signal(syscall.SIGTERM)
	<-f.done
}

// fleetCmd is the simulated fleet; `lockflight demo` starts it as a process of
// its own.
type fleetCmd struct {
	remote
	logging
	Seed uint64 `default:"1"`
}

// Run simulates the fleet until it is told to stop.
func (c *fleetCmd) Run(ctx context.Context, s streams) error {
	return demo.Fleet(ctx, demo.FleetOptions{URL: c.URL, Token: c.Token, Seed: c.Seed, Logger: c.logger(s.err)})
}
