package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockflight/lockflight/internal/anchor"
	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Re-read a whole log, its signatures and the state it accounts for."`
	Export auditExportCmd `cmd:"" help:"Write the log to one file that anyone can verify."`
	Prove  auditProveCmd  `cmd:"" help:"Write the proof that one record is in the log."`
	Erase  auditEraseCmd  `cmd:"" help:"Destroy the key of a person: who they were is erased everywhere, and every proof still verifies."`
	Hold   auditHoldCmd   `cmd:"" help:"List legal holds, or keep a person from being erased."`
	Unhold auditUnholdCmd `cmd:"" help:"Release a legal hold."`
	Search auditSearchCmd `cmd:"" help:"Find records by who, what and when."`
	Fork   auditForkCmd   `cmd:"" help:"Let a log that is not what was signed for go on under a new name and key; its server must be stopped."`

	Reindex auditReindexCmd `cmd:"" help:"Make the index that searches use anew."`
}

// logSource is where a log is: a stopped server's data, or a running server.
type logSource struct {
	remote
	Data        string `type:"path" help:"Directory of a server's data, running or stopped."`
	DatabaseURL string `name:"database-url" help:"PostgreSQL of a server, running or stopped."`
	VerifierKey string `name:"vkey" help:"The log's verifier key; signing.key.pub beside the data where absent."`
}

// offline tells whether the log is read from where it is stored.
func (l logSource) offline() bool { return l.Data != "" || l.DatabaseURL != "" }

// open calls fn with the stored log and the keys that its checkpoints must bear,
// the newest first: a log that is a fork has several, a line each.
func (l logSource) open(ctx context.Context, fn func(log audit.StoredLog, vkey string) error) error {
	vkey, err := l.key()
	if err != nil {
		return err
	}
	o := store.Options{URL: l.DatabaseURL, ReadOnly: true}
	if l.DatabaseURL == "" {
		o.Dir = l.Data
	}
	db, err := store.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer db.Close()
	return db.ViewLog(ctx, func(log audit.FollowedLog) error { return fn(log, vkey) })
}

func (l logSource) key() (string, error) {
	if l.VerifierKey != "" {
		return l.VerifierKey, nil
	}
	dir := l.Data
	if dir == "" {
		dir = "lockflight-data"
	}
	text, err := os.ReadFile(filepath.Join(dir, "signing.key.pub"))
	if err != nil {
		return "", fmt.Errorf("finding the log's verifier key: %w\nhint: give it with --vkey; the server keeps it in signing.key.pub", err)
	}
	return strings.TrimSpace(string(text)), nil
}

type auditVerifyCmd struct {
	logSource
	format
	Pack   string `arg:"" optional:"" help:"A file that audit export or evidence-pack wrote; the running server's log where absent."`
	Anchor string `type:"existingfile" help:"A file that serve --anchor wrote: the log must go on from each checkpoint in it. Needs a pack with --vkey, --data or --database-url."`
}

// auditReport is what is printed of a verification.
type auditReport struct {
	OK          bool            `json:"ok"`
	Size        int64           `json:"size"`
	Root        string          `json:"root"`
	Checkpoint  int64           `json:"checkpoint"`
	Documents   int64           `json:"documents"`
	VerifierKey string          `json:"verifierKey"`
	Findings    []audit.Finding `json:"findings"`
}

// Run verifies and prints what was found; exit code 1 where anything was.
func (c *auditVerifyCmd) Run(ctx context.Context, s streams) error {
	report, err := c.verify(ctx)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		if err := printJSON(s.out, report); err != nil {
			return err
		}
	} else {
		report.print(s.out)
	}
	if !report.OK {
		return exitError(1)
	}
	return nil
}

func (c *auditVerifyCmd) verify(ctx context.Context) (auditReport, error) {
	switch {
	case c.Pack != "" && c.offline():
		return auditReport{}, usageError{errors.New("name a pack, or --data, or --database-url: not two of them")}
	case c.Anchor != "" && !c.offline() && (c.Pack == "" || c.VerifierKey == "" || zipped(c.Pack)):
		return auditReport{}, usageError{errors.New("--anchor needs a pack of audit export with --vkey, --data or --database-url")}
	case c.Pack != "" && zipped(c.Pack):
		return verifyEvidence(c.Pack, c.VerifierKey)
	case c.Pack != "":
		return verifyPack(c.Pack, c.VerifierKey, c.Anchor)
	case c.offline():
		var out auditReport
		err := c.open(ctx, func(log audit.StoredLog, vkey string) error {
			o, err := trusting(vkey, c.Anchor)
			if err != nil {
				return err
			}
			o.Parent = control.ParentOf
			r, err := audit.Verify(log, o)
			out = reportOf(r, vkey)
			return err
		})
		return out, err
	}
	var out auditReport
	err := c.call(ctx, http.MethodGet, "/api/v1/audit/verify", nil, &out)
	return out, err
}

// trusting returns what a log is verified by: the keys of vkey, the newest first,
// and what a file has anchored of the log that the newest is of.
func trusting(vkey, file string) (o audit.Options, err error) {
	keys := strings.Fields(vkey)
	if o.Keys, err = audit.Verifiers(keys...); err != nil || file == "" || len(keys) == 0 {
		return o, err
	}
	origin, _, _ := strings.Cut(keys[0], "+")
	o.Known, err = anchor.File{Path: file}.Checkpoints(origin, o.Keys)
	return o, err
}

func verifyPack(file, vkey, anchored string) (auditReport, error) {
	f, err := os.Open(file)
	if err != nil {
		return auditReport{}, fmt.Errorf("opening the pack: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return auditReport{}, fmt.Errorf("opening the pack: %w", err)
	}
	var o audit.Options
	if vkey != "" {
		if _, err := audit.Verifiers(vkey); err != nil {
			return auditReport{}, usageError{fmt.Errorf("--vkey: %w", err)}
		}
		if o, err = trusting(vkey, anchored); err != nil {
			return auditReport{}, err
		}
	}
	r, err := audit.VerifyPack(f, info.Size(), o)
	return reportOf(r, vkey), err
}

func reportOf(r audit.Report, vkey string) auditReport {
	return auditReport{
		OK: r.OK(), Size: r.Size, Root: r.Root.String(), Checkpoint: r.Checkpoint.Size,
		Documents: r.Documents, VerifierKey: vkey, Findings: r.Findings,
	}
}

func (r auditReport) print(w io.Writer) {
	if !r.OK {
		fmt.Fprintf(w, "NOT OK  %d records\n", r.Size)
		for _, f := range r.Findings {
			fmt.Fprintln(w, "  "+f.String())
		}
		return
	}
	fmt.Fprintf(w, "ok  %d records, %d documents as the records say\n", r.Size, r.Documents)
	fmt.Fprintf(w, "    root        %s\n", r.Root)
	fmt.Fprintf(w, "    checkpoint  signed over %d records", r.Checkpoint)
	if behind := r.Size - r.Checkpoint; behind > 0 {
		fmt.Fprintf(w, "; %d not signed yet", behind)
	}
	fmt.Fprintln(w)
	if r.VerifierKey == "" {
		fmt.Fprintln(w, "    the key is the pack's own: give --vkey, from elsewhere, to know whose log it is")
	}
}

type auditExportCmd struct {
	logSource
	Out string `required:"" type:"path" help:"The file to write."`
}

// Run writes the pack. A file of that name is replaced once the new one is
// complete.
func (c *auditExportCmd) Run(ctx context.Context, s streams) error {
	tmp, err := os.CreateTemp(filepath.Dir(c.Out), ".lockflight-pack-")
	if err != nil {
		return fmt.Errorf("writing the pack: %w", err)
	}
	err = errors.Join(c.export(ctx, tmp), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), c.Out)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	fmt.Fprintln(s.out, c.Out)
	return nil
}

func (c *auditExportCmd) export(ctx context.Context, w io.Writer) error {
	if c.offline() {
		return c.open(ctx, func(log audit.StoredLog, vkey string) error {
			return audit.Export(w, log, audit.ExportOptions{VerifierKey: strings.Fields(vkey)[0]})
		})
	}
	answer, err := c.send(ctx, http.MethodGet, "/api/v1/audit/export", "application/json", nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	if _, err := io.Copy(w, answer); err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	return nil
}

type auditProveCmd struct {
	logSource
	Seq int64 `arg:"" help:"The record's sequence number."`
}

// Run prints the proof, in the form c2sp.org/tlog-proof@v1.
func (c *auditProveCmd) Run(ctx context.Context, s streams) error {
	if !c.offline() {
		answer, err := c.send(ctx, http.MethodGet, fmt.Sprintf("/api/v1/audit/proof/%d", c.Seq), "application/json", nil)
		if err != nil {
			return err
		}
		defer answer.Close()
		_, err = io.Copy(s.out, answer)
		return err
	}
	return c.open(ctx, func(log audit.StoredLog, _ string) error {
		proof, err := audit.ProveIn(log, c.Seq)
		if err != nil {
			return err
		}
		text, err := proof.MarshalText()
		if err == nil {
			_, err = s.out.Write(text)
		}
		return err
	})
}
