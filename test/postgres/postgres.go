// Package postgres gives a test an empty database on a real PostgreSQL server.
//
// The server is the system's own: one per test process, started by the first
// test that asks, on a free port of 127.0.0.1, with its data in a temporary
// directory and fsync on. It is not a mock, not a container and not shared
// between processes, and it ends with the process that started it, however
// that process ends. It runs on Unix only.
package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the server of this process.
var shared = sync.OnceValues(start)

// Start returns the URL of a fresh, empty database, which is dropped when tb
// ends, its open connections included. The first call of a process takes a
// second or three, the following ones a tenth of one. tb fails where PostgreSQL
// is missing or does not start.
func Start(tb testing.TB) string {
	tb.Helper()
	srv, name, err := create(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := srv.exec(context.WithoutCancel(tb.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop database %s: %v", name, err)
		}
	})
	return srv.url(name)
}

// Create is Start for a program that is not a test: its database goes with the
// server, at the end of the process.
func Create(ctx context.Context) (url string, err error) {
	srv, name, err := create(ctx)
	if err != nil {
		return "", err
	}
	return srv.url(name), nil
}

// create makes a database on the server of this process, and returns both.
func create(ctx context.Context) (srv *server, name string, err error) {
	if srv, err = shared(); err != nil {
		return nil, "", fmt.Errorf("start PostgreSQL: %w", err)
	}
	name = "test_" + strings.ToLower(rand.Text())
	if err := srv.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return nil, "", fmt.Errorf("create database %s: %w", name, err)
	}
	return srv, name, nil
}

// exec runs one statement on a connection of its own, as the administrator.
func (s *server) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}
