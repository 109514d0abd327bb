// Package witness follows the checkpoints of a log from outside: it keeps the
// last one that it saw, and checks that the next one goes on from it. Who runs
// the log can then neither shorten nor rewrite it unseen. It is not a verifier of
// records, which it never reads.
package witness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
)

// Get starts a GET of a path of the plane. The caller closes the body.
type Get func(ctx context.Context, path string) (*http.Response, error)

// Alarm is that a log does not go on from what was seen of it. Both notes are
// signed by its key, or Seen is by another: together they prove it.
type Alarm struct {
	Why  string
	Held string // the signed note that was seen before
	Seen string // the one that does not go on from it
}

// Error says why.
func (a *Alarm) Error() string { return "the log does not go on from what was seen of it: " + a.Why }

// Witness holds the last checkpoint that was seen of one log. It is for one
// goroutine.
type Witness struct {
	get  Get
	file string // where it is kept; nowhere where empty
	held held
}

// held is what is kept: the key that was believed first, and the last note.
type held struct {
	Key  string `json:"key"`
	Note string `json:"note"`
}

// New returns a witness that goes on from what file has, which may be empty:
// then the first key and checkpoint are believed after each start.
func New(file string, get Get) (*Witness, error) {
	w := &Witness{get: get, file: file}
	if file == "" {
		return w, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &w.held)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last checkpoint that was seen: %w", err)
	}
	return w, nil
}

// Look compares the log's newest checkpoint with the last that was seen, and keeps
// it. An error that is an *Alarm is about the log; any other about asking. What
// raises an alarm is not kept, so that it is raised again.
func (w *Witness) Look(ctx context.Context) error {
	seen, err := w.text(ctx, "/audit/log/checkpoint")
	if err != nil {
		return err
	}
	if seen == w.held.Note {
		return nil
	}
	if w.held.Key == "" {
		return w.first(ctx, seen)
	}
	keys, err := audit.Verifiers(w.held.Key)
	if err != nil {
		return err
	}
	if err := w.compare(ctx, seen, keys); err != nil {
		return err
	}
	return w.keep(held{w.held.Key, seen})
}

// first believes the key and the checkpoint.
func (w *Witness) first(ctx context.Context, seen string) error {
	key, err := w.text(ctx, "/audit/log/vkey")
	if err != nil {
		return err
	}
	key = strings.TrimSpace(key)
	keys, err := audit.Verifiers(key)
	if err != nil {
		return err
	}
	if _, err := audit.Open(seen, keys); err != nil {
		return err
	}
	return w.keep(held{key, seen})
}

func (w *Witness) compare(ctx context.Context, seen string, keys note.Verifiers) error {
	alarm := func(why string) error { return &Alarm{Why: why, Held: w.held.Note, Seen: seen} }
	before, err := audit.Open(w.held.Note, keys)
	if err != nil {
		return fmt.Errorf("opening the checkpoint that was kept: %w", err)
	}
	now, err := audit.Open(seen, keys)
	switch {
	case err != nil:
		return alarm(fmt.Sprintf("its checkpoint is not signed by the key that was believed first: %v", err))
	case now.Size < before.Size:
		return alarm(fmt.Sprintf("it had %d records, and has %d", before.Size, now.Size))
	case before.Size == 0:
		return nil
	}
	proof, err := w.proof(ctx, before.Size, now.Size)
	if err != nil {
		return err
	}
	if err := audit.CheckPrefix(proof, before, now); err != nil {
		return alarm(err.Error())
	}
	return nil
}

// proof asks how the smaller tree goes on as the greater.
func (w *Witness) proof(ctx context.Context, from, to int64) ([]audit.Hash, error) {
	if from == to {
		return nil, nil
	}
	query := url.Values{"from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)}}
	text, err := w.text(ctx, "/audit/log/consistency?"+query.Encode())
	if err != nil {
		return nil, err
	}
	var out struct {
		Hashes []audit.Hash `json:"hashes"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("reading a proof of consistency: %w", err)
	}
	return out.Hashes, nil
}

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 1 << 17

func (w *Witness) text(ctx context.Context, path string) (string, error) {
	answer, err := w.get(ctx, path)
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking for %s: %s", path, answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", path, err)
	}
	return string(text), nil
}

// keep writes what is held, whole or not at all.
func (w *Witness) keep(h held) error {
	if w.file != "" {
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		tmp, err := os.CreateTemp(filepath.Dir(w.file), ".witness-")
		if err != nil {
			return fmt.Errorf("keeping a checkpoint: %w", err)
		}
		defer func() { _ = os.Remove(tmp.Name()) }()
		_, err = tmp.Write(text)
		if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
			return fmt.Errorf("keeping a checkpoint: %w", err)
		}
		if err := os.Rename(tmp.Name(), w.file); err != nil {
			return fmt.Errorf("keeping a checkpoint: %w", err)
		}
	}
	w.held = h
	return nil
}
