package native_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// get answers a request that has to succeed, and decodes it.
func get[T any](t *testing.T, p *plane, method, path, token, body string, header ...string) (out T) {
	t.Helper()
	w := p.do(t, method, "/api/v1"+path, token, body, header...)
	if w.Code >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	check(t, json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

func (p *plane) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // ends before the store is closed
	done := make(chan error, 1)
	go func() { done <- p.runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		check(t, <-done)
	})
}

// TestLiveRelease follows a release by its mark while evidence comes in.
func TestLiveRelease(t *testing.T) {
	t.Parallel()
	p := newPlane(t, time.Now)
	p.run(t)
	get[native.Flag](t, p, "POST", "/flags", admin, `{"name":"agent"}`)
	r := get[native.Release](t, p, "POST", "/releases", admin,
		`{"flag":"agent","environment":"production","build":"b2","control":"b1","plan":`+quick+`}`)

	var lines bytes.Buffer
	for i := range 60 {
		for arm, build := range map[string]string{gate.Treatment: "b2", gate.Control: "b1"} {
			for _, outcome := range []string{`"exposure"`, `"evidence_coverage","pass":true`} {
				fmt.Fprintf(&lines, `{"at":%q,"environment":"production","flag":"agent","arm":%q,"unit":"%s%d","build":%q,"signal":%s}`+"\n",
					time.Now().UTC().Format(time.RFC3339Nano), arm, arm, i, build, outcome)
			}
		}
	}
	fmt.Fprintln(&lines, `{"signal":"half"}`)
	// Nothing is taken from a unit whose hash says otherwise, and every answer
	// says which line.
	result := get[struct {
		Accepted int
		Rejected []struct{ Line int }
	}](t, p, "POST", "/evidence", backend, lines.String(), "Content-Type", ndjson)
	if result.Accepted != 240 || len(result.Rejected) != 1 || result.Rejected[0].Line != 241 {
		t.Errorf("taken %d, refused %+v", result.Accepted, result.Rejected)
	}
	for r.Live == nil || r.Live.Exposures.Treatment < 60 {
		r = get[native.Release](t, p, "GET", "/releases/"+r.ID+"?after="+url.QueryEscape(r.Mark), admin, "")
	}
	if r.Live.Verdict != gate.Hold || r.Verdict == nil || r.Evidence["accepted"] != 240 {
		t.Errorf("live %+v, evidence %v", r.Live.Decision, r.Evidence)
	}
	stored := get[native.StoredVerdict](t, p, "GET", "/verdicts/"+r.Verdict.ID, admin, "")
	if stored.Verdict != gate.Hold || len(stored.Snapshot) == 0 || len(stored.State) == 0 || len(stored.Policy) == 0 {
		t.Errorf("stored verdict %+v", stored)
	}
}

// TestAwaitEnds holds whoever waits for a change of a paused release, which
// nothing changes, until their time is up.
func TestAwaitEnds(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	p.run(t)
	get[native.Flag](t, p, "POST", "/flags", admin, `{"name":"agent"}`)
	r := get[native.Release](t, p, "POST", "/releases", admin, `{"flag":"agent","environment":"production","build":"b2","plan":`+quick+`}`)
	get[native.Release](t, p, "POST", "/releases/"+r.ID+"/pause", admin, "")
	for r.State != control.Paused || r.Mark == "" {
		p.runner.Await(t.Context(), r.ID, r.Mark)
		r = get[native.Release](t, p, "GET", "/releases/"+r.ID, admin, "")
	}
	for seen, _, _ := p.runner.Running("production", "agent"); seen.State != control.Paused; seen, _, _ = p.runner.Running("production", "agent") {
		r.Mark = p.runner.Await(t.Context(), r.ID, r.Mark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/releases/"+r.ID+"?after="+url.QueryEscape(p.runner.Mark(r.ID)), nil)
	req.Header.Set("Authorization", admin)
	p.handler.ServeHTTP(httptest.NewRecorder(), req)
	if ctx.Err() == nil {
		t.Error("answered before anything changed")
	}
}

// TestAudit reads, verifies, exports and proves the log.
func TestAudit(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	page := get[native.RecordPage](t, p, "GET", "/audit/records?from=1", admin, "")
	if page.Next.Next != "" || len(page.Records) != 4 || page.Records[0].Seq != 1 || page.Records[0].Type != "env.create" {
		t.Errorf("records, then %q: %d, from %+v", page.Next, len(page.Records), page.Records[0])
	}
	for query, want := range map[string]int{
		"type=env.create": 2, "type=env.create&resource=env/nowhere": 0, "actor=nobody": 0, "agent=nobody": 0, "obo=nobody": 0,
		"approver=nobody": 0, "since=2000-01-01T00:00:00Z": 5, "until=2000-01-01T00:00:00Z": 0, "type=env.create&from=3": 0,
	} {
		if found := get[native.RecordPage](t, p, "GET", "/audit/records?"+query, admin, ""); len(found.Records) != want {
			t.Errorf("records of %s: %d, want %d", query, len(found.Records), want)
		}
	}
	first := get[native.RecordPage](t, p, "GET", "/audit/records?type=env.create&limit=1", admin, "")
	second := get[native.RecordPage](t, p, "GET", "/audit/records?type=env.create&limit=1&cursor="+first.Next.Next, admin, "")
	if len(second.Records) != 1 || second.Records[0].Seq <= first.Records[0].Seq || second.Next.Next != "" {
		t.Errorf("the second page: %+v", second)
	}
	report := get[native.AuditReport](t, p, "GET", "/audit/verify", admin, "")
	if !report.OK || report.Size != 5 || report.Checkpoint != 5 || report.Documents != 5 || report.VerifierKey != p.key.VerifierKey() {
		t.Errorf("verified: %+v", report)
	}
	keys, err := audit.Verifiers(p.key.VerifierKey())
	check(t, err)
	pack := p.do(t, "GET", "/api/v1/audit/export", admin, "").Body.Bytes()
	verified, err := audit.VerifyPack(bytes.NewReader(pack), int64(len(pack)), audit.Options{Keys: keys})
	if err != nil || !verified.OK() || verified.Size != 5 {
		t.Errorf("exported: %+v, %v", verified, err)
	}
	var proof audit.Proof
	check(t, proof.UnmarshalText(p.do(t, "GET", "/api/v1/audit/proof/2", admin, "").Body.Bytes()))
	var record []byte
	check(t, p.store.View(t.Context(), func(tx control.ReadTx) error {
		events, err := tx.Events(2, 1)
		record = events[0].Record
		return err
	}))
	if _, err := proof.Verify(record, keys); err != nil {
		t.Errorf("the proof of record 2: %v", err)
	}
}

// TestExportBreaksOff ends the connection where the log cannot be read to its
// end: half a pack must not look like an answer.
func TestExportBreaksOff(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	w := &brokenWriter{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/audit/export", nil)
	r.Header.Set("Authorization", admin)
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v, want http.ErrAbortHandler", err)
		}
		if bytes.Contains(w.Body.Bytes(), []byte("about:blank")) {
			t.Errorf("a problem follows half a pack: %s", w.Body)
		}
	}()
	p.handler.ServeHTTP(w, r)
}

// brokenWriter takes one write.
type brokenWriter struct {
	*httptest.ResponseRecorder
	writes int
}

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.writes++; w.writes > 1 {
		return 0, errors.New("the client has gone")
	}
	return w.ResponseRecorder.Write(b)
}
