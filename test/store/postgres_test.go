// Package store_test runs the store's contract on PostgreSQL. On SQLite it is
// run by internal/store itself.
package store_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/internal/store/storetest"
	"github.com/lockflight/lockflight/test/postgres"
)

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) store.Options { return store.Options{URL: postgres.Start(tb)} })
}
