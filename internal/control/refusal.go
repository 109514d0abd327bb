package control

import (
	"context"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/policy"
)

// CodeLogRefused is the code of writes that are refused because the log is not
// what was signed for.
const CodeLogRefused = "log_refused"

// Refuse refuses writes from now on, with 503 and what is wrong as the reason,
// until the process ends: the log is not the one that was signed for, and what is
// added would hide that. What is shown to reduce exposure is still carried out, and so
// are sessions, without which people could not. Only the first reason is kept.
func (s *Service) Refuse(why string) {
	s.refusal.CompareAndSwap(nil, &Error{
		Kind: Unavailable, Code: CodeLogRefused,
		Msg: "writes are refused, but for those that reduce exposure: " + why + "; see lockflight audit fork",
	})
}

// Refused returns why writes are refused, nil where they are not.
func (s *Service) Refused() error {
	if e := s.refusal.Load(); e != nil {
		return e
	}
	return nil
}

// standing carries out a change where writes are not refused, or where it is
// shown that it increases no exposure; that the whole write reduces some is
// checked at its end.
func (w *work) standing(ev event, change func() error) error {
	refusal := w.s.refusal.Load()
	if refusal == nil {
		return change()
	}
	if ev.Kind == KindSession {
		w.reduces = true
		return change()
	}
	watched, err := w.watch(ev)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	_, effect, err := w.outcome(ev, watched)
	if err != nil {
		return err
	}
	switch effect {
	case policy.Increases:
		return refusal
	case policy.Reduces:
		w.reduces = true
	case policy.Same:
	}
	return nil
}

// stands refuses at its end a write that has changed something and reduced
// nothing, while writes are refused.
func (w *work) stands() error {
	if refusal := w.s.refusal.Load(); refusal != nil && w.size > 0 && !w.reduces {
		return refusal
	}
	return nil
}

// Auditor is the principal that compares the log with the state.
func Auditor() Principal { return system("audit") }

// RecordFindings leaves a record of each thing that p found wrong with the log or
// the state, under its fault and number, whether or not writes are refused.
func (s *Service) RecordFindings(ctx context.Context, p Principal, all []audit.Finding) error {
	return s.store.Update(ctx, Urgent, func(tx Tx) error {
		for _, f := range all {
			_, err := tx.Append(func(seq int64) ([]byte, error) {
				typ := "audit.tampering.found"
				if f.Fault == audit.FaultSplitView {
					typ = "audit.split_view"
				}
				r := s.record(p, typ, tx.Now())
				r.Seq, r.Outcome, r.Code = seq, "error", string(f.Fault)
				if f.Seq >= 0 {
					r.Cor.Parent = &f.Seq
				}
				return audit.Encode(r)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
