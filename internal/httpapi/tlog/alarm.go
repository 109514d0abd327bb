package tlog

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// maxAlarm bounds an alarm: two notes, in bytes.
const maxAlarm = 1 << 18

// alarm takes the checkpoint that a witness holds and that the log, as it was
// shown to it, does not go on from. It counts where it is proved: signed by the
// log's key, and not what the stored log begins with. One of a log that this is
// a fork of proves nothing: that its end was left is what the fork says.
func (a api) alarm(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Held string `json:"held"` // the signed note
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAlarm)).Decode(&in); err != nil {
		return control.Invalidf("body", "not JSON with the signed note that is held: %v", err)
	}
	keys, err := audit.Verifiers(a.Keys...)
	if err != nil {
		return err
	}
	held, err := audit.Open(in.Held, keys)
	if err != nil {
		return control.Invalidf("held", "not a checkpoint of this log: %v", err)
	}
	if origin, _, _ := strings.Cut(a.VerifierKey, "+"); held.Origin != origin {
		return control.Invalidf("held", "a checkpoint of the log %s, which was forked on purpose and goes on as %s: let the witness begin anew", held.Origin, origin)
	}
	var wrong string
	err = a.Log.ViewLog(r.Context(), func(log audit.FollowedLog) (err error) {
		wrong, err = audit.Continues(log, held)
		return err
	})
	if err != nil {
		return err
	}
	if wrong == "" {
		return control.Invalidf("held", "the log goes on from this checkpoint: nothing is wrong")
	}
	finding := audit.Finding{Fault: audit.FaultSplitView, Seq: -1, What: "a witness holds a checkpoint that says so: " + wrong}
	if err := a.Alarm(r.Context(), httpapi.CallerOf(r.Context()).Principal, finding); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
