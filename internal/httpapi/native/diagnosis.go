package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Diagnosis is what a server says of itself, for whoever looks after it.
type Diagnosis struct {
	Now      time.Time         `json:"now" doc:"by the server's clock"`
	Database DatabaseDiagnosis `json:"database"`
	Log      LogDiagnosis      `json:"log"`
}

// DatabaseDiagnosis tells whether the database takes writes.
type DatabaseDiagnosis struct {
	Writable bool   `json:"writable"`
	Why      string `json:"why,omitempty" doc:"why it is not"`
}

// LogDiagnosis tells how much of the log nobody has signed for yet.
type LogDiagnosis struct {
	Size          int64      `json:"size" doc:"records"`
	Signed        int64      `json:"signed" doc:"records under the newest signed checkpoint"`
	UnsignedSince *time.Time `json:"unsignedSince,omitempty" doc:"when the first record that is not was written"`
}

// writeWait bounds how long the diagnosis waits for its turn to write.
const writeWait = 5 * time.Second

func (a api) diagnosis(h huma.API) {
	route(a, h, get("/diagnosis", "diagnose", "Say whether the database takes writes, and how far the log is signed"), a.diagnose)
}

func (a api) diagnose(ctx context.Context, p control.Principal, _ *none) (Diagnosis, error) {
	if err := p.May(control.PermAuditRead, control.Scope{}); err != nil {
		return Diagnosis{}, err
	}
	out := Diagnosis{Now: time.Now().UTC()}
	waiting, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	out.Database.Writable = true
	if err := a.Service.Writable(waiting, p); err != nil {
		why := httpapi.Public(ctx, a.Logger, "/diagnosis", err)
		out.Database = DatabaseDiagnosis{Why: why.Error()}
	}
	var err error
	if out.Log.Size, out.Log.Signed, err = a.signed(ctx); err != nil || out.Log.Signed >= out.Log.Size {
		return out, err
	}
	events, err := a.Service.Events(ctx, p, out.Log.Signed, 1)
	if err != nil || len(events) == 0 {
		return out, err
	}
	r, err := audit.Decode(events[0].Record)
	if err != nil {
		return out, err
	}
	since, err := audit.ParseTime(r.TS)
	out.Log.UnsignedSince = &since
	return out, err
}

// signed returns how many records the log has, and how many of them the newest
// checkpoint covers.
func (a api) signed(ctx context.Context) (size, signed int64, err error) {
	keys, err := a.verifiers()
	if err != nil {
		return 0, 0, err
	}
	err = a.Log.ViewLog(ctx, func(log audit.FollowedLog) error {
		if size, _, err = log.Head(); err != nil {
			return err
		}
		for note, err := range log.Checkpoints() {
			if err != nil {
				return err
			}
			newest, err := audit.Open(note, keys)
			signed = newest.Size
			return err
		}
		return nil
	})
	return size, signed, err
}
