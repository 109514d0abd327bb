package tlog

import (
	"context"
	"fmt"
	"net/http"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// tile answers with a tile or an entry bundle: at most 8,192 bytes of hashes, or
// 256 records. A full one never changes and may be kept for ever.
func (a api) tile(w http.ResponseWriter, r *http.Request) error {
	t, err := audit.ParseTile(r.PathValue("path"))
	if err != nil {
		return control.Errorf(control.NotFound, "not_found", "%v", err)
	}
	data, err := a.hashes(r.Context(), t)
	if err == nil && t.Entries {
		data, err = a.entries(r.Context(), t)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if t.Full() {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	_, _ = w.Write(data)
	return nil
}

// hashes reads those of a tile, and of a bundle none. What the log does not have
// yet is a NotFound.
func (a api) hashes(ctx context.Context, t audit.Tile) (data []byte, err error) {
	err = a.Log.ViewLog(ctx, func(log audit.FollowedLog) error {
		size, _, err := log.Head()
		if err != nil {
			return err
		}
		if !t.Within(size) {
			return control.Errorf(control.NotFound, "not_found", "the tile is not within the %d records of the log", size)
		}
		if !t.Entries {
			data, err = audit.ReadTile(t, log)
		}
		return err
	})
	return data, err
}

// entries reads the records of a bundle.
func (a api) entries(ctx context.Context, t audit.Tile) ([]byte, error) {
	events, err := a.Service.Events(ctx, httpapi.CallerOf(ctx).Principal, t.First(), t.Width)
	if err != nil {
		return nil, err
	}
	var bundle []byte
	for i, e := range events {
		if e.Seq != t.First()+int64(i) {
			return nil, fmt.Errorf("record %d is not there", t.First()+int64(i))
		}
		bundle = audit.AppendEntry(bundle, e.Record)
	}
	return bundle, nil
}
