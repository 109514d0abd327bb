package control

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lockflight/lockflight/internal/audit"
)

// record starts the leaf of one event: who, when, what. It holds ids, kinds,
// revisions and hashes, never a document or free text: what is in the log
// cannot be taken out again.
func (s *Service) record(p Principal, typ string, now time.Time) audit.Record {
	class, _, _ := strings.Cut(typ, ".")
	r := audit.Record{
		ID:    uuid.Must(uuid.NewV7()).String(),
		TS:    audit.FormatTime(now),
		Log:   s.origin,
		Type:  typ,
		Class: class,
		Actor: audit.Actor{Kind: string(p.Kind), ID: p.ID, Via: p.Via, Cred: p.Cred},
		Req:   audit.Request{Origin: p.Origin},
	}
	if p.OnBehalfOf != "" {
		r.OBO = audit.Party{Kind: string(KindHuman), ID: p.OnBehalfOf}
	}
	if p.Kind == KindAgent {
		r.Agent.ID = p.ID
	}
	return r
}
