package native

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// AuditReport is the result of re-reading the log.
type AuditReport struct {
	OK          bool            `json:"ok"`
	Size        int64           `json:"size" doc:"records"`
	Root        string          `json:"root" doc:"base64"`
	Checkpoint  int64           `json:"checkpoint" doc:"size of the newest signed checkpoint"`
	Documents   int64           `json:"documents" doc:"resources whose state is what the log leads to"`
	VerifierKey string          `json:"verifierKey"`
	Findings    []audit.Finding `json:"findings"`
}

// RecordPage is a run of records of the log, decoded.
type RecordPage struct {
	Records []audit.Record `json:"records"`
	Next
}

type recordQuery struct {
	Page
	From     int64     `query:"from" minimum:"0" doc:"the first sequence number that is wanted"`
	Actor    string    `query:"actor" doc:"the principal that acted"`
	Agent    string    `query:"agent" doc:"the agent that acted"`
	OBO      string    `query:"obo" doc:"on whose behalf"`
	Approver string    `query:"approver" doc:"who approved"`
	Resource string    `query:"resource" doc:"its type, a slash and its key" example:"flag/checkout"`
	Type     string    `query:"type" example:"flag.env.enable"`
	Env      string    `query:"environment"`
	Project  string    `query:"project"`
	Since    time.Time `query:"since" doc:"not before"`
	Until    time.Time `query:"until" doc:"before"`
}

func (in *recordQuery) query() audit.Query {
	return audit.Query{
		Approver: in.Approver, Agent: in.Agent, OBO: in.OBO, Resource: in.Resource, Actor: in.Actor, Type: in.Type,
		Env: in.Env, Project: in.Project, From: in.Since, To: in.Until,
	}
}

func (a api) audit(h huma.API) {
	route(a, h, get("/audit/verify", "verifyAudit", "Re-read the whole log and its signed checkpoints"), a.verify)
	route(a, h, get("/audit/records", "listRecords", "Read or search the records of the log"), a.records)
}

func (a api) verify(ctx context.Context, p control.Principal, _ *none) (AuditReport, error) {
	if err := p.May(control.PermAuditRead, control.Scope{}); err != nil {
		return AuditReport{}, err
	}
	keys, err := a.verifiers()
	if err != nil {
		return AuditReport{}, err
	}
	if err := a.Checkpoint(ctx); err != nil {
		return AuditReport{}, err
	}
	var r audit.Report
	err = a.Log.ViewLog(ctx, func(log audit.FollowedLog) (err error) {
		r, err = audit.Verify(log, audit.Options{Keys: keys, Parent: control.ParentOf})
		return err
	})
	out := AuditReport{
		OK: r.OK(), Size: r.Size, Root: r.Root.String(), Checkpoint: r.Checkpoint.Size,
		Documents: r.Documents, VerifierKey: a.VerifierKey, Findings: r.Findings,
	}
	if out.Findings == nil {
		out.Findings = []audit.Finding{}
	}
	return out, err
}

func (a api) records(ctx context.Context, p control.Principal, in *recordQuery) (RecordPage, error) {
	const list = "records"
	from := in.From
	after, resumed, err := resumeAt(in.Page, list)
	if resumed {
		from = after
	}
	if err != nil {
		return RecordPage{}, err
	}
	if _, key, _ := strings.Cut(in.Resource, "/"); in.Resource != "" && key == "" {
		return RecordPage{}, control.Invalidf("resource", "%q is not a type, a slash and a key, such as flag/checkout", in.Resource)
	}
	found, err := a.Service.SearchRecords(ctx, p, in.query(), from, in.Limit+1)
	if err != nil {
		return RecordPage{}, err
	}
	out := RecordPage{Records: append([]audit.Record{}, found[:min(len(found), in.Limit)]...)}
	if len(found) > in.Limit {
		out.Next = nextAfter(list, strconv.FormatInt(found[in.Limit].Seq, 10))
	}
	return out, nil
}

// export streams the log as a pack. An answer that breaks off has no last
// line, so whoever verifies it is told that it is incomplete.
func (a api) export(w http.ResponseWriter, r *http.Request) error {
	if err := httpapi.CallerOf(r.Context()).Principal.May(control.PermAuditRead, control.Scope{}); err != nil {
		return err
	}
	if err := a.Checkpoint(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a long answer outlives it
	out := &started{Writer: w}
	err := a.Log.ViewLog(r.Context(), func(log audit.FollowedLog) error {
		return audit.Export(out, log, audit.ExportOptions{VerifierKey: a.VerifierKey})
	})
	if err != nil && out.yes {
		a.Logger.LogAttrs(r.Context(), slog.LevelWarn, "an export broke off", slog.Any("error", err))
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	return err
}

// started notes whether anything was written.
type started struct {
	io.Writer
	yes bool
}

// Write writes b.
func (s *started) Write(b []byte) (int, error) {
	s.yes = true
	return s.Writer.Write(b)
}

// proof answers with the file that shows one record to be in the log.
func (a api) proof(w http.ResponseWriter, r *http.Request) error {
	if err := httpapi.CallerOf(r.Context()).Principal.May(control.PermAuditRead, control.Scope{}); err != nil {
		return err
	}
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || seq < 0 {
		return control.Invalidf("seq", "%q is not a sequence number: 0, 1, 2...", r.PathValue("seq"))
	}
	if err := a.Checkpoint(r.Context()); err != nil {
		return err
	}
	var text []byte
	err = a.Log.ViewLog(r.Context(), func(log audit.FollowedLog) error {
		size, _, err := log.Head()
		if err != nil {
			return err
		}
		if seq >= size {
			return control.Errorf(control.NotFound, "not_found", "the log has %d records, from 0 on", size)
		}
		proof, err := audit.ProveIn(log, seq)
		if err == nil {
			text, err = proof.MarshalText()
		}
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(text)
	return nil
}
