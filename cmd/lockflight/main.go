// Command lockflight is the whole of Lockflight in one binary: the control
// plane, the edge, the gate, the demo, and the commands for people and
// scripts. Each subcommand is one file; this one only parses and reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the zones of change windows, where the system has none

	"github.com/alecthomas/kong"
)

// streams are what a command may talk through, so that tests can hold them.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// cli is the command line. Every flag has a LOCKFLIGHT_<NAME> default.
type cli struct {
	Demo         demoCmd         `cmd:"" help:"Show one release that climbs to 100 %, and one that is rolled back."`
	Serve        serveCmd        `cmd:"" help:"Run the control plane."`
	Edge         edgeCmd         `cmd:"" help:"Run an edge: serve SDKs from a control plane, also while it is away."`
	Flag         flagCmd         `cmd:"" help:"List, make and switch flags."`
	Release      releaseCmd      `cmd:"" help:"Start, watch and stop releases."`
	Incident     incidentCmd     `cmd:"" help:"List, show and resolve incidents."`
	Rollback     rollbackCmd     `cmd:"" help:"Take a build back everywhere, or what an agent has raised."`
	Change       changeCmd       `cmd:"" help:"Propose changes, and see what becomes of them."`
	Approve      approveCmd      `cmd:"" help:"Open the browser at a change request, and wait for a decision."`
	Policy       policyCmd       `cmd:"" help:"Test access policies, and see what another would have decided."`
	Gate         gateCmd         `cmd:"" help:"Decide and replay release decisions."`
	Evidence     evidenceCmd     `cmd:"" help:"Send evidence."`
	Audit        auditCmd        `cmd:"" help:"Verify, export and prove the audit log."`
	EvidencePack evidencePackCmd `cmd:"" name:"evidence-pack" help:"Take a sample of changes, each with its diff, approvals, verdict and proof, as a file for an auditor."`
	Agent        agentCmd        `cmd:"" help:"Register agents, say what they may do by themselves, and stop them."`
	Risk         riskCmd         `cmd:"" help:"Score a change from its diff: how likely it needs a flag, a gate or a person."`
	Token        tokenCmd        `cmd:"" help:"Make, list and revoke tokens."`
	MCP          mcpCmd          `cmd:"" name:"mcp" help:"Serve a coding agent on stdin and stdout, from a server."`
	Generate     generateCmd     `cmd:"" help:"Write typed accessors for flags."`
	Scan         scanCmd         `cmd:"" help:"Find where a tree of source code refers to flags."`
	Cleanup      cleanupCmd      `cmd:"" help:"Take a flag that has settled out of Go code."`
	Import       importCmd       `cmd:"" help:"Bring in flags from elsewhere."`
	Export       exportCmd       `cmd:"" help:"Write flags and segments as YAML."`
	Plan         planCmd         `cmd:"" help:"Show what would change for files of configuration to hold; keep release plans."`
	Apply        applyCmd        `cmd:"" help:"Make files of flags and segments hold."`
	Env          envCmd          `cmd:"" help:"Compare environments, and carry flags from one to another."`
	Backup       backupCmd       `cmd:"" help:"Copy the data of a server that uses SQLite, while it runs or not."`
	Restore      restoreCmd      `cmd:"" help:"Put a backup in place for a server to start on."`
	Doctor       doctorCmd       `cmd:"" help:"Look whether a server is well: reachable, ready, its clock, its database, its log."`
	Version      versionCmd      `cmd:"" help:"Print the version."`
	Fleet        fleetCmd        `cmd:"" hidden:"" help:"The demo's simulated agents."`
}

// exitError ends the program with a code that means something to scripts
// (10 HOLD, 20 ROLLBACK) and no message of its own.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a fault of the command line: exit code 2.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run parses args, runs the command and returns the exit code: 0 done,
// 1 failed, 2 wrong usage, or what the command's exitError says.
func run(ctx context.Context, args []string, s streams) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("lockflight"),
		kong.Description("Runtime control for software that AI writes and AI operates."),
		kong.DefaultEnvars("LOCKFLIGHT"),
		kong.UsageOnError(),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		fmt.Fprintln(s.err, "lockflight:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(s.err, "lockflight:", err)
		fmt.Fprintln(s.err, "hint: lockflight --help lists the commands and their flags")
		return 2
	}
	return exitCode(command.Run(), s)
}

func exitCode(err error, s streams) int {
	var code exitError
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintln(s.err, "lockflight:", err)
		return 2
	}
	fmt.Fprintln(s.err, "lockflight:", err)
	return 1
}
