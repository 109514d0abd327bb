package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// Occurrence is one record of the log, from which the documents before and
// after it can be read while it is visited.
type Occurrence struct {
	audit.Record

	tx ReadTx
}

// At is when it was recorded; the zero time where the record is damaged.
func (o Occurrence) At() time.Time {
	at, _ := audit.ParseTime(o.TS)
	return at
}

// Documents decodes what was there before and after: nil for one that was not.
// Not more than T has of a document is read, so that no secret gets out that T
// has no place for.
func Documents[T any](o Occurrence) (before, after *T, err error) {
	if before, err = revisionOf[T](o, o.Res.Rev0); err != nil {
		return nil, nil, err
	}
	after, err = revisionOf[T](o, o.Res.Rev1)
	return before, after, err
}

func revisionOf[T any](o Occurrence, rev int64) (*T, error) {
	if rev == 0 {
		return nil, nil //nolint:nilnil // nothing was there, which is no error
	}
	r, err := o.tx.Revision(ResourceKind(o.Res.Type), o.Res.Key, rev)
	if err != nil {
		return nil, err
	}
	out := new(T)
	if err := json.Unmarshal(r.Doc, out); err != nil {
		return nil, fmt.Errorf("decoding %s %s revision %d: %w", o.Res.Type, o.Res.Key, rev, err)
	}
	return out, nil
}

// Occurrences calls visit with the records of the log that p may read the
// subjects of, the newest first, until visit returns false. What is about no
// project is for those who may read in all of them. It reads as much of the log
// as visit asks for.
func (s *Service) Occurrences(ctx context.Context, p Principal, visit func(Occurrence) (more bool, err error)) error {
	if err := p.readsAnything(); err != nil {
		return err
	}
	return s.store.View(ctx, func(tx ReadTx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		for end := head.Size; end > 0; end -= eventPage {
			from := max(0, end-eventPage)
			page, err := tx.Events(from, int(end-from))
			if err != nil {
				return err
			}
			for _, e := range slices.Backward(page) {
				r, err := audit.Decode(e.Record)
				if err != nil {
					return err
				}
				if p.May(PermRead, Scope{Project: r.Project}) != nil {
					continue
				}
				if more, err := visit(Occurrence{r, tx}); err != nil || !more {
					return err
				}
			}
		}
		return nil
	})
}
