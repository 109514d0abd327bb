package store_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) store.Options { return store.Options{Dir: tb.TempDir()} })
}
