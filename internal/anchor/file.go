// Package anchor keeps checkpoints of a log outside of it, where whoever runs the
// log cannot take them back unseen: a file that only grows, on another machine or
// on a medium that is written once. It signs nothing and judges nothing.
package anchor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
)

// File is a file of JSON lines, one for each anchored checkpoint, the oldest
// first. Its last line is the cursor: what comes next is newer. It belongs to one
// server, and is opened for each line, so that it may be rotated away.
type File struct{ Path string }

// line is one anchored checkpoint.
type line struct {
	At   time.Time `json:"at"`
	Note string    `json:"note"` // signed, C2SP tlog-checkpoint
}

// Append adds a signed note. It is durable when Append returns nil. A line that was
// cut short by the end of a process is left behind as it is.
func (f File) Append(signed string, at time.Time) error {
	text, err := json.Marshal(line{at.UTC(), signed})
	if err != nil {
		return fmt.Errorf("anchoring a checkpoint: %w", err)
	}
	old, err := os.ReadFile(f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("anchoring a checkpoint: %w", err)
	}
	if len(old) > 0 && !bytes.HasSuffix(old, []byte("\n")) {
		text = append([]byte("\n"), text...)
	}
	out, err := os.OpenFile(f.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("anchoring a checkpoint: %w", err)
	}
	_, err = out.Write(append(text, '\n'))
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("anchoring a checkpoint: %w", err)
	}
	if len(old) > 0 {
		return nil
	}
	return syncDir(filepath.Dir(f.Path))
}

// syncDir makes a new file's name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("anchoring a checkpoint: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// Checkpoints returns those of the log called origin, the oldest first; none
// where there is no file. One that none of the keys has signed is an error, since
// somebody else wrote it; a line that was cut short is passed over, and so are the
// checkpoints of the logs that this one is a fork of.
func (f File) Checkpoints(origin string, keys note.Verifiers) ([]audit.Checkpoint, error) {
	text, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the anchor: %w", err)
	}
	var all []audit.Checkpoint
	number := 0
	for text := range bytes.Lines(text) {
		number++
		var l line
		if json.Unmarshal(text, &l) != nil || !bytes.HasPrefix([]byte(l.Note), []byte(origin+"\n")) {
			continue
		}
		c, err := audit.Open(l.Note, keys)
		if err != nil {
			return nil, fmt.Errorf("reading the anchor %s, line %d: %w", f.Path, number, err)
		}
		all = append(all, c)
	}
	return all, nil
}
