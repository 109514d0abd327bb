package store

import (
	"context"

	"github.com/pressly/goose/v3"

	"github.com/lockflight/lockflight/internal/control"
)

// dialect is all that differs between the engines.
type dialect interface {
	// open connects the pools of the state and of the evidence.
	open(ctx context.Context, o Options) (state, evidence *database, err error)
	// goose names the engine and its migration lock.
	goose() (goose.Dialect, []goose.ProviderOption, error)
	// forUpdate is the clause that locks the head row, "" where the
	// transaction itself is the lock.
	forUpdate() string
	// notify is the statement that wakes other processes on commit, "" where
	// there are none to wake.
	notify(t topic) string
	// listen wakes the waiters of db when another process announces a topic,
	// until ctx ends, whose error it returns.
	listen(ctx context.Context, db *DB) error
	// classify sorts an error of the engine.
	classify(err error) fault
}

// fault is what an engine's error means.
type fault struct {
	kind control.Kind
	code string
	// lost: the connection broke.
	lost bool
	// fatal: the file can no longer be trusted to keep what is written to it.
	fatal bool
}

var (
	faultInternal    = fault{kind: control.Internal, code: "store_error"}
	faultExists      = fault{kind: control.Exists, code: "exists"}
	faultUnavailable = fault{kind: control.Unavailable, code: "store_unavailable"}
	faultFull        = fault{kind: control.Unavailable, code: "store_full"}
	faultLost        = fault{kind: control.Unavailable, code: "store_connection_lost", lost: true}
	faultFatal       = fault{kind: control.Unavailable, code: "store_failed", fatal: true}
)
