package app

import (
	"context"
	"io"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/mcpserver"
)

// submitted is the evidence room as coding agents reach it.
type submitted struct{ ingest *evidence.Ingest }

// Submit implements mcpserver.Evidence.
func (s submitted) Submit(ctx context.Context, p control.Principal, source string, sequence int64, lines io.Reader) (mcpserver.Submitted, error) {
	res, err := s.ingest.NDJSON(ctx, p, source, sequence, lines)
	return answered(res), err
}

// Check implements mcpserver.Evidence.
func (s submitted) Check(ctx context.Context, p control.Principal, lines io.Reader) (mcpserver.Submitted, error) {
	res, err := s.ingest.CheckNDJSON(ctx, p, lines)
	return answered(res), err
}

func answered(res evidence.Result) mcpserver.Submitted {
	out := mcpserver.Submitted{Accepted: res.Accepted, Rejected: []mcpserver.Rejected{}}
	for _, one := range res.Rejected {
		out.Rejected = append(out.Rejected, mcpserver.Rejected(one))
	}
	return out
}
