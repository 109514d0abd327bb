package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/lockflight/lockflight/internal/audit"
)

// recordTimes gives each revision the time and the number of the record that
// tells of it, and the end that one tells of, so that all of a revision follows
// from the log. Until then times were taken twice, moments apart, and older
// rows had no number.
var recordTimes = goose.NewGoMigration(3, &goose.GoFunc{RunTx: takeRecordTimes}, nil)

func takeRecordTimes(ctx context.Context, tx *sql.Tx) error {
	fail := func(err error, doing string) error { return fmt.Errorf("%s: %w", doing, err) }
	r := logReader{reader{&session{ctx: ctx, tx: tx, fail: fail}}}
	for leaf, err := range r.Leaves() {
		if err != nil {
			return err
		}
		if err := takeRecordTime(r.r.s, leaf); err != nil {
			return err
		}
	}
	return nil
}

// takeRecordTime passes over what is no record of a change: whether it should
// be one is for a verification to say.
func takeRecordTime(s *session, leaf audit.Leaf) error {
	res, at, ok := changeOf(leaf)
	if !ok {
		return nil
	}
	const (
		made    = `UPDATE revisions SET at_ms = $1, seq = $2 WHERE kind = $3 AND key = $4 AND rev = $5`
		current = `UPDATE resources SET updated_at_ms = $1 WHERE kind = $2 AND key = $3 AND rev = $4`
		ended   = `UPDATE revisions SET deleted_at_ms = $1 WHERE kind = $2 AND key = $3 AND rev = $4`
	)
	if res.H1 == "" {
		_, err := s.exec("end a revision", ended, toMs(at), res.Type, res.Key, res.Rev0)
		return err
	}
	if _, err := s.exec("date a revision", made, toMs(at), leaf.Seq, res.Type, res.Key, res.Rev1); err != nil {
		return err
	}
	_, err := s.exec("date a resource", current, toMs(at), res.Type, res.Key, res.Rev1)
	return err
}

// changeOf returns what a record says was changed, and when.
func changeOf(leaf audit.Leaf) (res audit.Resource, at time.Time, ok bool) {
	rec, err := audit.Decode(leaf.Record)
	if err != nil || rec.Outcome != "success" {
		return res, at, false
	}
	at, err = audit.ParseTime(rec.TS)
	return rec.Res, at, err == nil
}
