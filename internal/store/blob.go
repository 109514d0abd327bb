package store

import (
	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// PutBlob implements control.Tx.
func (w *writer) PutBlob(doc []byte) (string, error) {
	name := audit.Sum(doc)
	const insert = `INSERT INTO blobs (sum, doc) VALUES ($1, $2) ON CONFLICT (sum) DO NOTHING`
	if _, err := w.s.exec("put a blob", insert, name, nonNil(doc)); err != nil {
		return "", err
	}
	return name, nil
}

// Blob implements control.ReadTx. The bytes are returned as they are stored:
// whether they still hash to their name is for the reader to check.
func (r *reader) Blob(sum string) ([]byte, error) {
	missing := control.Errorf(control.NotFound, "not_found", "no blob %q", sum)
	if !storable(sum) {
		return nil, missing
	}
	var doc []byte
	ok, err := r.s.row("read a blob", `SELECT doc FROM blobs WHERE sum = $1`, []any{sum}, &doc)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, missing
	}
	return doc, nil
}

// nonNil keeps an empty document from being stored as NULL.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
