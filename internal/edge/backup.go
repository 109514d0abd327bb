package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// saveEvery is how often what has changed is written.
const saveEvery = time.Second

// The files of a backup: one for each scope, and one for the tokens.
const (
	scopePrefix = "scope-"
	tokensFile  = "tokens.json"
)

// savedScope is what was held of one scope, and of whom.
type savedScope struct {
	scope

	Upstream  string    `json:"upstream"`
	Confirmed time.Time `json:"confirmedAt"`
	Payloads  []payload `json:"payloads"`
}

// savedTokens are the tokens that the upstream has vouched for, by the SHA-256
// of their secrets, which are not written.
type savedTokens struct {
	Upstream string                `json:"upstream"`
	Tokens   map[string]savedToken `json:"tokens"`
}

type savedToken struct {
	scope

	Type control.TokenType `json:"type"`
}

// backup is what an edge knows, on disk, for a start while the upstream is
// away. It belongs to one goroutine, but for forget.
type backup struct {
	dir  string // "" for none
	edge *Edge
}

// openBackup makes the directory where it is missing and takes in what is in
// it. A file that is not whole, or of another upstream, is refused and counted;
// the error is one of the directory.
func openBackup(ctx context.Context, dir string, e *Edge) (*backup, error) {
	b := &backup{dir: dir, edge: e}
	if dir == "" {
		return b, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	for _, entry := range entries {
		read := b.readScope
		switch name := entry.Name(); {
		case name == tokensFile:
			read = b.readTokens
		case !strings.HasPrefix(name, scopePrefix) || filepath.Ext(name) != ".json":
			continue
		}
		if err := read(filepath.Join(dir, entry.Name())); err != nil {
			e.count.refuse("backup")
			e.log.LogAttrs(ctx, slog.LevelWarn, "a file of the backup is not used",
				slog.String("file", entry.Name()), slog.Any("error", err))
		}
	}
	return b, nil
}

func (b *backup) readScope(file string) error {
	var in savedScope
	if err := readJSON(file, &in); err != nil {
		return err
	}
	switch {
	case in.Upstream != b.edge.up.base:
		return fmt.Errorf("it is of the upstream %q, and not of %q", in.Upstream, b.edge.up.base)
	case len(in.Payloads) == 0 || in.Environment == "" || b.file(in.scope) != file:
		return errors.New("it does not say what it is of")
	}
	return b.edge.restore(in)
}

// restore verifies what was saved of a scope, all of it, and serves it.
func (e *Edge) restore(in savedScope) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := newFollower(in.scope, e)
	for _, p := range in.Payloads {
		if err := f.take(p); err != nil {
			return err
		}
	}
	if f.seq == 0 || e.followers[f.scope.key()] != nil {
		return errors.New("there is nothing in it that could be served")
	}
	f.fresh, f.unsaved = in.Confirmed, false
	if !e.enlist(f) {
		return errors.New("too many scopes")
	}
	return nil
}

func (b *backup) readTokens(file string) error {
	var in savedTokens
	if err := readJSON(file, &in); err != nil {
		return err
	}
	if in.Upstream != b.edge.up.base {
		return fmt.Errorf("it is of the upstream %q, and not of %q", in.Upstream, b.edge.up.base)
	}
	passes := map[digest]*pass{}
	for text, t := range in.Tokens {
		var sum digest
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != len(sum) {
			return fmt.Errorf("%q is no SHA-256", text)
		}
		copy(sum[:], raw)
		passes[sum] = newPass(control.Token{
			ID: "tok_" + text[:20], Type: t.Type, Environment: t.Environment, Projects: t.Projects,
		}, "")
	}
	b.edge.tokens.passes = passes
	return nil
}

// run writes what has changed until ctx ends, and then once more.
func (b *backup) run(ctx context.Context) error {
	if b.dir == "" {
		return nil
	}
	failing := false
	for more := true; more; {
		more = pause(ctx, saveEvery)
		b.shorten(ctx)
		err := b.save()
		if err != nil && !failing {
			b.edge.log.LogAttrs(ctx, slog.LevelError, "writing the backup", slog.Any("error", err))
		}
		failing = err != nil
	}
	return nil
}

// shorten asks for a scope as a whole that is held in many payloads.
func (b *backup) shorten(ctx context.Context) {
	for _, f := range b.edge.following() {
		f.mu.Lock()
		long := len(f.payloads) > maxPayloads
		f.mu.Unlock()
		if !long || ctx.Err() != nil {
			continue
		}
		if err := f.ask(ctx, 0); err != nil {
			b.edge.log.LogAttrs(ctx, slog.LevelDebug, "asking for a scope as a whole", slog.Any("error", err))
		}
	}
}

func (b *backup) save() error {
	errs := []error{b.saveTokens()}
	for _, f := range b.edge.following() {
		f.mu.Lock()
		out := savedScope{scope: f.scope, Upstream: f.up.base, Confirmed: f.fresh, Payloads: f.payloads}
		unsaved := f.unsaved
		f.unsaved = false
		f.mu.Unlock()
		if !unsaved {
			continue
		}
		if err := writeJSON(b.file(f.scope), out); err != nil {
			f.mu.Lock()
			f.unsaved = true
			f.mu.Unlock()
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (b *backup) saveTokens() error {
	t := b.edge.tokens
	t.mu.Lock()
	unsaved := t.unsaved
	t.unsaved = false
	out := savedTokens{Upstream: t.up.base, Tokens: map[string]savedToken{}}
	if unsaved {
		for sum, p := range t.passes {
			out.Tokens[hex.EncodeToString(sum[:])] = savedToken{scopeOf(p.token), p.token.Type}
		}
	}
	t.mu.Unlock()
	if !unsaved {
		return nil
	}
	err := writeJSON(filepath.Join(b.dir, tokensFile), out)
	if err != nil {
		t.mu.Lock()
		t.unsaved = true
		t.mu.Unlock()
	}
	return err
}

// forget removes a scope that nobody may read any more.
func (b *backup) forget(s scope) {
	if b.dir == "" {
		return
	}
	if err := os.Remove(b.file(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.edge.log.LogAttrs(context.Background(), slog.LevelWarn, "removing a scope from the backup", slog.Any("error", err))
	}
}

// file is where a scope is written: its name says nothing of it, since not
// every file system takes every name.
func (b *backup) file(s scope) string {
	sum := sha256.Sum256([]byte(s.key()))
	return filepath.Join(b.dir, scopePrefix+hex.EncodeToString(sum[:8])+".json")
}

func readJSON(file string, into any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// writeJSON replaces a file as a whole: a crash leaves the one before or the new
// one.
func writeJSON(file string, doc any) (err error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
