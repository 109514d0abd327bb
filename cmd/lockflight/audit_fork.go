package main

import (
	"context"
	"fmt"

	"github.com/lockflight/lockflight/internal/app"
)

type auditForkCmd struct {
	Data           string `default:"lockflight-data" type:"path" help:"Directory of the stopped server's data."`
	DatabaseURL    string `name:"database-url" help:"PostgreSQL of the stopped servers."`
	SigningKey     string `name:"signing-key" type:"path" help:"File of the signing key, which is replaced; signing.key in --data where absent."`
	CheckpointFile string `name:"checkpoint-file" type:"path" help:"As of serve."`
	Reason         string `required:"" help:"Why: a backup was restored, say. It is kept beside the log."`
}

// Run forks the log and says what follows from it.
func (c *auditForkCmd) Run(ctx context.Context, s streams) error {
	fork, err := app.Fork(ctx, app.Options{
		DataDir: c.Data, DatabaseURL: c.DatabaseURL, SigningKey: c.SigningKey, CheckpointFile: c.CheckpointFile,
	}, c.Reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "the log goes on as %s from record %d\n", fork.Log, fork.At)
	if fork.Orphaned > 0 {
		fmt.Fprintf(s.out, "%d records that %s was signed for are not in it\n", fork.Orphaned, fork.Predecessor.Origin)
	}
	fmt.Fprintln(s.out, "give the new key to every replica, and its first line of signing.key.pub to whoever verifies; then start the server")
	return nil
}
