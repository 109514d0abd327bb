package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings both sets of tables up to date. Each set has a version table
// of its own, because on PostgreSQL they share a database.
func (db *DB) migrate(ctx context.Context) error {
	if err := db.migrateSet(ctx, db.state.write, "migrations", "schema_version"); err != nil {
		return err
	}
	return db.migrateSet(ctx, db.evidence.write, "migrations/evidence", "evidence_schema_version")
}

func (db *DB) migrateSet(ctx context.Context, pool *sql.DB, dir, table string) error {
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	name, options, err := db.dialect.goose()
	if err != nil {
		return err
	}
	if dir == "migrations" {
		options = append(options, goose.WithGoMigrations(recordTimes, recordTerms))
	}
	options = append(options, goose.WithTableName(table), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.log))
	p, err := goose.NewProvider(name, pool, files, options...)
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("apply %s: %w", dir, err)
	}
	return nil
}
