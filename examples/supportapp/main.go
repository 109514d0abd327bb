// Command supportapp is a customer support app of several agents to try
// Lockflight on: package support, behind a flag that it checks through the SDK.
//
//	supportapp serve    [flags]                  POST /answer and /talk over HTTP
//	supportapp lines    [flags] < requests       the same answers as JSON lines
//	supportapp evidence [flags] > evidence.ndjson
//
// Its new build has the faults of -fault. With LOCKFLIGHT_URL and
// LOCKFLIGHT_TOKEN a server's release decides which users get it, and what came
// of their conversations is reported there; else -percent of them get it, half
// as in the last step of a release, or all as a suite wants it. The evidence is what `lockflight gate replay` reads:
//
//	supportapp evidence -fault citations_stripped=0.5 > evidence.ndjson
//	lockflight gate replay --policy examples/supportapp/policy.yaml --evidence evidence.ndjson
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/examples/supportapp/support"
	"github.com/lockflight/lockflight/sdk"
)

// options are the command line.
type options struct {
	flag, build, environment, listen string
	seed                             uint64
	conversations, percent           int
	faults                           support.Strengths
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "supportapp:", err)
		stop()
		os.Exit(1)
	}
}

const usage = "want supportapp serve, lines or evidence, and flags"

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	o := options{faults: support.Strengths{}}
	flags := flag.NewFlagSet("supportapp "+args[0], flag.ContinueOnError)
	flags.StringVar(&o.flag, "flag", "support-agent", "the flag that decides which build answers")
	flags.StringVar(&o.build, "build", "support-2.0", "the new build")
	flags.StringVar(&o.environment, "environment", "production", "the environment that evidence names")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "the address to serve on")
	flags.Uint64Var(&o.seed, "seed", 1, "what is left to chance follows from it")
	flags.IntVar(&o.conversations, "conversations", 2000, "how many to hold for evidence")
	flags.IntVar(&o.percent, "percent", 50, "how many of the users get the new build where no server says so, 0 to 100")
	flags.Var(o.faults, "fault", "faults of the new build, as fault=strength with a strength from 0 to 1, commas between")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if o.percent < 0 || o.percent > 100 {
		return fmt.Errorf("-percent %d: want 0 to 100", o.percent)
	}
	service, err := o.service(ctx)
	if err != nil {
		return err
	}
	defer service.Flags.Close() //nolint:contextcheck // what it has still to report outlives ctx, for some seconds
	switch args[0] {
	case "serve":
		return serve(ctx, o.listen, service.Handler(), out)
	case "lines":
		return service.Lines(in, out)
	case "evidence":
		return o.evidence(service, out)
	}
	return fmt.Errorf("%s: %s", args[0], usage)
}

// service returns the app behind its flag: a server's where there is one, else
// that of a release at 50 %.
func (o *options) service(ctx context.Context) (*support.Service, error) {
	old := support.App{Build: "support-1.9", Seed: o.seed}
	client := sdk.Options{
		URL: os.Getenv("LOCKFLIGHT_URL"), Token: os.Getenv("LOCKFLIGHT_TOKEN"), AppName: "supportapp",
		Environment: o.environment, Build: o.build, ControlBuild: old.Build,
	}
	if client.URL == "" {
		client.Bootstrap = support.Rollout(o.flag, "offline-"+strconv.FormatUint(o.seed, 10), o.percent)
	}
	flags, err := sdk.New(ctx, client)
	if err != nil {
		return nil, err
	}
	if err := flags.WaitReady(ctx); err != nil {
		return nil, errors.Join(err, flags.Close()) //nolint:contextcheck // as in run
	}
	return &support.Service{
		Flags: flags, Flag: o.flag, Old: old,
		New: support.App{Build: o.build, Seed: o.seed, Faults: o.faults},
	}, nil
}

// evidence holds conversations, one a second of virtual time, and writes what
// they are evidence of.
func (o *options) evidence(s *support.Service, out io.Writer) error {
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	begin := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range o.conversations {
		r := s.Talk(support.NewScenario(o.seed, "user-"+strconv.Itoa(i+1)))
		for _, line := range r.Observations(begin.Add(time.Duration(i)*time.Second), o.environment, o.flag) {
			if err := enc.Encode(line); err != nil {
				return fmt.Errorf("writing evidence: %w", err)
			}
		}
	}
	return w.Flush()
}

// serve says where it listens, and answers requests until ctx ends.
func serve(ctx context.Context, address string, h http.Handler, out io.Writer) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s\n", l.Addr())
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
