package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// connectTimeout bounds one attempt to connect where the URL does not.
	connectTimeout = 5 * time.Second
	// pollEvery is the safety net under LISTEN: waiters are woken that often.
	pollEvery = 2 * time.Second
	// idleLimit frees the head row's lock from a replica that has stalled or
	// vanished within a transaction.
	idleLimit = "10s"
)

// postgresDialect is PostgreSQL: state and evidence share one database, and
// any number of replicas may share it.
type postgresDialect struct {
	url string
}

func (d postgresDialect) open(ctx context.Context, o Options) (state, evidence *database, err error) {
	read, err := d.pool(maxPool, "")
	if err != nil {
		return nil, nil, err
	}
	state = &database{dialect: d, read: read, log: o.Logger}
	evidence = &database{dialect: d, read: read, log: o.Logger}
	if !o.ReadOnly {
		if state.write, err = d.pool(1, idleLimit); err == nil {
			evidence.write, err = d.pool(4, idleLimit)
		}
	}
	if err == nil {
		err = d.checkDurable(ctx, read, o.Logger)
	}
	if err != nil {
		return nil, nil, errors.Join(err, state.close(), evidence.close())
	}
	return state, evidence, nil
}

// pool makes a pool of at most size connections.
func (d postgresDialect) pool(size int, idleInTransaction string) (*sql.DB, error) {
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	if idleInTransaction != "" {
		config.RuntimeParams["idle_in_transaction_session_timeout"] = idleInTransaction
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

func (d postgresDialect) config() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(d.url)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectTimeout {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "lockflight"
	}
	return config, nil
}

// checkDurable refuses a server that acknowledges commits before they are on
// its disk.
func (postgresDialect) checkDurable(ctx context.Context, pool *sql.DB, log *slog.Logger) error {
	var commit, fsync string
	const query = `SELECT current_setting('synchronous_commit'), current_setting('fsync')`
	if err := pool.QueryRowContext(ctx, query).Scan(&commit, &fsync); err != nil {
		return err
	}
	if commit == "off" {
		return errors.New("synchronous_commit is off, so a crash would lose acknowledged writes: set it to on for this role or database")
	}
	if fsync == "off" {
		log.WarnContext(ctx, "fsync is off on the database server; a crash of its machine may destroy the database")
	}
	return nil
}

func (postgresDialect) goose() (goose.Dialect, []goose.ProviderOption, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60)) // tries, a second apart
	if err != nil {
		return "", nil, fmt.Errorf("prepare the migration lock: %w", err)
	}
	return goose.DialectPostgres, []goose.ProviderOption{goose.WithSessionLocker(locker)}, nil
}

func (postgresDialect) forUpdate() string { return " FOR UPDATE" }

func (postgresDialect) notify(t topic) string { return "NOTIFY " + string(t) }

// listen follows the notifications of all replicas. Whenever the connection is
// made anew, and every pollEvery, it wakes the waiters of all topics, because
// notifications may have been missed.
func (d postgresDialect) listen(ctx context.Context, db *DB) error {
	for {
		err := d.follow(ctx, db)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		db.log.WarnContext(ctx, "lost the connection that listens for changes; polling until it is back", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
		db.wake(topicLog)
		db.wake(topicEvidence)
	}
}

// follow listens on one connection until it breaks.
func (d postgresDialect) follow(ctx context.Context, db *DB) error {
	config, err := d.config()
	if err != nil {
		return err
	}
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { db.wake(topic(n.Channel)) }
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it may be broken
	for _, t := range []topic{topicLog, topicEvidence} {
		if _, err := conn.Exec(ctx, "LISTEN "+string(t)); err != nil {
			return err
		}
	}
	for {
		db.wake(topicLog)
		db.wake(topicEvidence)
		if err := d.await(ctx, conn.PgConn()); err != nil {
			return err
		}
	}
}

// await passes on notifications for pollEvery.
func (postgresDialect) await(ctx context.Context, conn *pgconn.PgConn) error {
	round, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	for {
		err := conn.WaitForNotification(round)
		if err == nil {
			continue
		}
		if round.Err() != nil && ctx.Err() == nil && !conn.IsClosed() {
			return nil
		}
		return err
	}
}

func (postgresDialect) classify(err error) fault {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyState(e.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return faultUnavailable
	}
	_, network := errors.AsType[net.Error](err)
	switch {
	case network, pgconn.SafeToRetry(err),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return faultLost
	}
	return faultInternal
}

// classifyState sorts an SQLSTATE (PostgreSQL, appendix A).
func classifyState(code string) fault {
	switch code {
	case "23505": // unique_violation
		return faultExists
	case "53100": // disk_full
		return faultFull
	case "25006", "25P03", "55P03": // read-only server, idle too long, lock not available
		return faultUnavailable
	}
	switch code[:min(2, len(code))] {
	case "40", "53": // transaction rolled back, insufficient resources
		return faultUnavailable
	case "08", "57", "58": // connection, operator intervention, system error
		return faultLost
	}
	return faultInternal
}
