package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

type evidencePackCmd struct {
	remote
	Sample int    `default:"25" help:"How many changes, up to 500."`
	Env    string `default:"production" help:"The environment that was changed."`
	Since  string `default:"2160h" help:"Changes from then on: a time (2026-11-01T00:00:00Z) or how long ago (720h)."`
	Until  string `help:"Changes before then; until now where absent."`
	Seed   string `help:"What decides which changes are taken: the same seed takes the same. One is made, and printed, where absent."`
	Out    string `required:"" type:"path" help:"The zip file to write."`
}

// changeSample is a sample as the server tells it.
type changeSample struct {
	Environment string          `json:"environment"`
	Since       time.Time       `json:"since,omitzero"`
	Until       time.Time       `json:"until,omitzero"`
	Seed        string          `json:"seed"`
	Of          int             `json:"of"`
	VerifierKey string          `json:"verifierKey"`
	Changes     []sampledChange `json:"changes"`
}

type sampledChange struct {
	Seq         int64                `json:"seq"`
	Record      string               `json:"record"`
	Proof       string               `json:"proof"`
	Before      string               `json:"before,omitempty"`
	After       string               `json:"after,omitempty"`
	Differences []control.Difference `json:"differences"`
	Evidence    string               `json:"evidence,omitempty"`
	Request     string               `json:"request,omitempty"`
}

// files are what is written of a change, each verbatim, by their names.
func (c sampledChange) files() map[string]string {
	return map[string]string{
		"leaf.json": c.Record, "leaf.tlog-proof": c.Proof, "before.json": c.Before, "after.json": c.After,
		"verdict-evidence.json": c.Evidence, "request.json": c.Request,
	}
}

// Run takes a sample of the changes and writes it as a file for an auditor.
func (c *evidencePackCmd) Run(ctx context.Context, s streams) error {
	since, err := pointInTime(c.Since, time.Now())
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	q := url.Values{"environment": {c.Env}, "sample": {strconv.Itoa(c.Sample)}, "since": {since.Format(time.RFC3339)}}
	if c.Until != "" {
		until, err := pointInTime(c.Until, time.Now())
		if err != nil {
			return usageError{fmt.Errorf("--until: %w", err)}
		}
		q.Set("until", until.Format(time.RFC3339))
	}
	if c.Seed == "" {
		c.Seed = rand.Text()[:12]
	}
	q.Set("seed", c.Seed)
	var in changeSample
	if err := c.call(ctx, http.MethodGet, "/api/v1/audit/sample?"+q.Encode(), nil, &in); err != nil {
		return err
	}
	packed, err := in.pack()
	if err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	if err := os.WriteFile(c.Out, packed, 0o600); err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	fmt.Fprintf(s.out, "%s holds %d of %d changes in %s, by seed %s\n", filepath.Base(c.Out), len(in.Changes), in.Of, in.Environment, in.Seed)
	fmt.Fprintf(s.out, "verify it with: lockflight audit verify %s --vkey KEY\n", filepath.Base(c.Out))
	return nil
}

// pointInTime reads a time, or how long ago it is.
func pointInTime(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a time as 2026-11-01T00:00:00Z nor a duration as 720h", text)
	}
	return at, nil
}

// packIndex is index.json: what is in the pack, and the hash of each file.
type packIndex struct {
	Format      string            `json:"format"`
	Environment string            `json:"environment"`
	Since       time.Time         `json:"since,omitzero"`
	Until       time.Time         `json:"until,omitzero"`
	Seed        string            `json:"seed"`
	Of          int               `json:"of"`
	VerifierKey string            `json:"verifierKey"`
	Changes     []int64           `json:"changes"`
	Files       map[string]string `json:"files"` // by name: "sha256:<hex>"
}

const packFormat = "lockflight-evidence-pack v1"

// pack returns the sample as a zip file. The same answer is the same file.
func (in changeSample) pack() ([]byte, error) {
	index := packIndex{
		Format: packFormat, Environment: in.Environment, Since: in.Since, Until: in.Until, Seed: in.Seed, Of: in.Of,
		VerifierKey: in.VerifierKey, Changes: []int64{}, Files: map[string]string{},
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name, text string) error {
		w, err := z.Create(name)
		if err != nil {
			return err
		}
		index.Files[name] = audit.Sum([]byte(text))
		_, err = io.WriteString(w, text)
		return err
	}
	page, err := in.page()
	if err == nil {
		err = add("index.md", page)
	}
	for _, c := range in.Changes {
		index.Changes = append(index.Changes, c.Seq)
		for _, name := range changeFiles {
			if text := c.files()[name]; text != "" && err == nil {
				err = add(changeFile(c.Seq, name), text)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(index, "", "  ")
	if err == nil {
		err = add("index.json", string(text)+"\n")
	}
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

// changeFiles are the files of a change, in the order in which they are written.
var changeFiles = []string{"leaf.json", "leaf.tlog-proof", "request.json", "before.json", "after.json", "verdict-evidence.json"}

func changeFile(seq int64, name string) string { return fmt.Sprintf("changes/%d/%s", seq, name) }

// page is index.md, for whoever reads the pack.
func (in changeSample) page() (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Changes in %s\n\n%d of %d changes since %s. The sample is those whose SHA-256 of\n`%s/<number>` is smallest; whoever has the log finds the same.\n\n",
		in.Environment, len(in.Changes), in.Of, in.Since.UTC().Format(time.RFC3339), in.Seed)
	b.WriteString("`lockflight audit verify` checks each leaf against its proof and the log's key, and\neach document against the hash in its leaf. Take the key from elsewhere.\n")
	for _, c := range in.Changes {
		r, err := audit.Decode([]byte(c.Record))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n## %d: %s\n\n", c.Seq, r.Type)
		rows := [][2]string{
			{"when", r.TS},
			{"what", r.Res.Type + " " + r.Res.Key},
			{"project", r.Project},
			{"by", strings.TrimSpace(r.Actor.Kind + " " + r.Actor.ID)},
			{"on behalf of", r.OBO.ID},
			{"allowed by", strings.Join(append(r.Authz.Perm, r.Authz.Rule), " ")},
			{"verdict", r.Dec.Verdict},
			{"change request", r.CR.ID},
			{"approved by", approvers(r)},
			{"bypass", r.CR.Bypass},
		}
		b.WriteString("| | |\n|---|---|\n")
		for _, row := range rows {
			if strings.TrimSpace(row[1]) != "" {
				fmt.Fprintf(&b, "| %s | %s |\n", row[0], cell(row[1]))
			}
		}
		b.WriteString("\n| changed | from | to |\n|---|---|---|\n")
		for _, d := range c.Differences {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(d.Path), cell(shown(d.Before)), cell(shown(d.After)))
		}
		b.WriteString("\nFiles:")
		for _, name := range changeFiles {
			if c.files()[name] != "" {
				fmt.Fprintf(&b, " [%s](%s)", name, changeFile(c.Seq, name))
			}
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

func approvers(r audit.Record) string {
	var out []string
	for _, a := range r.CR.Appr {
		out = append(out, a.By+" at "+a.At)
	}
	return strings.Join(out, ", ")
}

// cell keeps a text within a cell of a table, and as text.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "`", "'", "<", "&lt;", "[", `\[`).Replace(text)
}

func shown(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
