package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// session runs statements in one transaction, and turns their errors into
// control.Errors. It belongs to one goroutine and ends with its transaction.
type session struct {
	ctx  context.Context
	tx   *sql.Tx
	fail func(err error, doing string) error
	err  error // of the first statement that failed: the transaction must not commit
}

// exec runs a statement and returns how many rows it changed.
func (s *session) exec(doing, query string, args ...any) (int64, error) {
	result, err := s.tx.ExecContext(s.ctx, query, args...)
	if err != nil {
		return 0, s.broken(err, doing)
	}
	n, err := result.RowsAffected()
	return n, s.broken(err, doing)
}

// row scans the one row of a query into dest, and reports whether there is one.
func (s *session) row(doing, query string, args []any, dest ...any) (bool, error) {
	err := s.tx.QueryRowContext(s.ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, s.broken(err, doing)
}

// broken notes and classifies the error of a statement.
func (s *session) broken(err error, doing string) error {
	if err == nil {
		return nil
	}
	err = s.fail(err, doing)
	if s.err == nil {
		s.err = err
	}
	return err
}

// missing is the broken of a row that must be there.
func (s *session) missing(table string) error {
	return s.broken(fmt.Errorf("table %s has lost its row", table), "read "+table)
}

// list scans the rows of a query within a transaction.
func list[T any](s *session, doing, query string, args []any, scan func(*sql.Rows, *T) error) (all []T, err error) {
	rows, err := s.tx.QueryContext(s.ctx, query, args...)
	if err != nil {
		return nil, s.broken(err, doing)
	}
	defer func() { err = cmp.Or(err, s.broken(rows.Close(), doing)) }()
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, s.broken(err, doing)
		}
		all = append(all, v)
	}
	return all, s.broken(rows.Err(), doing)
}

// view is list in a transaction of its own.
func view[T any](ctx context.Context, d *database, doing, query string, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	var all []T
	err := d.view(ctx, func(s *session) error {
		var err error
		all, err = list(s, doing, query, args, scan)
		return err
	})
	return all, err
}
