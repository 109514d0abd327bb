package tlog

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Log is the stored log.
type Log interface {
	ViewLog(ctx context.Context, fn func(audit.FollowedLog) error) error
}

// Options are what is served.
type Options struct {
	Service     *control.Service
	Log         Log
	VerifierKey string   // of the log's checkpoints
	Keys        []string // with those of the logs that it is a fork of
	// Alarm is told what a witness has proved of the log.
	Alarm  func(ctx context.Context, p control.Principal, f audit.Finding) error
	Logger *slog.Logger
}

type api struct {
	Options
}

// Register adds the routes to mux.
func Register(mux *http.ServeMux, o Options) {
	a := api{o}
	for pattern, handler := range map[string]httpapi.Handler{
		"GET /audit/log/checkpoint":     a.checkpoint,
		"GET /audit/log/vkey":           a.vkey,
		"GET /audit/log/consistency":    a.consistency,
		"POST /audit/log/alarm":         a.alarm,
		"GET /audit/log/tile/{path...}": mayRead(a.tile),
		"GET /audit/log/proof":          mayRead(a.proof),
	} {
		mux.Handle(pattern, httpapi.Serve(o.Logger, httpapi.WriteProblem, httpapi.Authenticate(o.Service, handler)))
	}
}

// mayRead lets those pass who may read records.
func mayRead(next httpapi.Handler) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := httpapi.CallerOf(r.Context()).Principal.May(control.PermAuditRead, control.Scope{}); err != nil {
			return err
		}
		return next(w, r)
	}
}

// checkpoint answers with the newest signed note: C2SP tlog-checkpoint.
func (a api) checkpoint(w http.ResponseWriter, r *http.Request) error {
	var newest string
	err := a.Log.ViewLog(r.Context(), func(log audit.FollowedLog) error {
		for note, err := range log.Checkpoints() {
			newest = note
			return err
		}
		return control.Errorf(control.NotFound, "not_found", "the log has no checkpoint yet")
	})
	if err != nil {
		return err
	}
	writeText(w, "private, max-age=1", newest)
	return nil
}

// vkey answers with the key that verifies checkpoints, for those who trust the
// first one that they are shown.
func (a api) vkey(w http.ResponseWriter, _ *http.Request) error {
	writeText(w, "no-store", a.VerifierKey+"\n")
	return nil
}

func writeText(w http.ResponseWriter, cache, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", cache)
	_, _ = w.Write([]byte(text))
}

// proofOf is a proof of one of the two kinds: of a record in a tree, or of a
// tree at the beginning of another.
type proofOf struct {
	Index  *int64       `json:"index,omitempty"`
	Size   *int64       `json:"size,omitempty"`
	From   *int64       `json:"from,omitempty"`
	To     *int64       `json:"to,omitempty"`
	Hashes []audit.Hash `json:"hashes"` // base64, in the order of RFC 9162
}

// proof answers with the hashes that show record index to be in the tree of the
// first size records.
func (a api) proof(w http.ResponseWriter, r *http.Request) error {
	return a.prove(w, r, "index", "size", func(index, size int64, log audit.StoredLog) (proofOf, error) {
		if index >= size {
			return proofOf{}, control.Invalidf("index", "%d is not below the size %d", index, size)
		}
		hashes, err := audit.ProveLeaf(index, size, log)
		return proofOf{Index: &index, Size: &size, Hashes: hashes}, err
	})
}

// consistency answers with the hashes that show the tree of the first from
// records to be the beginning of that of the first to.
func (a api) consistency(w http.ResponseWriter, r *http.Request) error {
	return a.prove(w, r, "from", "to", func(from, to int64, log audit.StoredLog) (proofOf, error) {
		if from < 1 || from > to {
			return proofOf{}, control.Invalidf("from", "%d is not between 1 and %d", from, to)
		}
		hashes, err := audit.ProvePrefix(from, to, log)
		return proofOf{From: &from, To: &to, Hashes: hashes}, err
	})
}

// prove reads the two numbers of a query, of which the second is a size of the
// tree, and answers with what make returns. The cost is that of the proof: it
// reads some 2·log₂ size hashes.
func (a api) prove(w http.ResponseWriter, r *http.Request, first, second string, prove func(first, second int64, log audit.StoredLog) (proofOf, error)) error {
	x, err := number(r, first)
	if err != nil {
		return err
	}
	size, err := number(r, second)
	if err != nil {
		return err
	}
	var out proofOf
	err = a.Log.ViewLog(r.Context(), func(log audit.FollowedLog) error {
		have, _, err := log.Head()
		if err != nil {
			return err
		}
		if size > have {
			return control.Errorf(control.NotFound, "not_found", "%s: the log has %d records, not %d", second, have, size)
		}
		out, err = prove(x, size, log)
		return err
	})
	if err != nil {
		return err
	}
	if out.Hashes == nil {
		out.Hashes = []audit.Hash{}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(out)
}

func number(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, control.Invalidf(name, "%q is not a whole number of 0 or more", text)
	}
	return n, nil
}
