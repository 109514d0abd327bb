package store

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

// BenchmarkUpdate is a durable write of one document and its event.
func BenchmarkUpdate(b *testing.B) {
	db := openDir(b, b.TempDir())
	doc, record := []byte(`{"name":"`+strings.Repeat("x", 1000)+`"}`), []byte(strings.Repeat("r", 900))
	b.ReportAllocs()
	for b.Loop() {
		err := db.Update(b.Context(), control.Normal, func(tx control.Tx) error {
			if _, err := tx.Put("flag", "a", "p", doc); err != nil {
				return err
			}
			_, err := tx.Append(func(int64) ([]byte, error) { return record, nil })
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkView reads the head and one document.
func BenchmarkView(b *testing.B) {
	db := openDir(b, b.TempDir())
	err := db.Update(b.Context(), control.Normal, func(tx control.Tx) error {
		_, err := tx.Put("flag", "a", "p", []byte(`{}`))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		err := db.View(b.Context(), func(tx control.ReadTx) error {
			if _, err := tx.Head(); err != nil {
				return err
			}
			_, err := tx.Resource("flag", "a")
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendEvidence stores batches of 100 KB from parallel senders.
func BenchmarkAppendEvidence(b *testing.B) {
	db := openDir(b, b.TempDir())
	lines := make([]byte, 100_000)
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			batches := []control.EvidenceBatch{{Release: "r", Lines: lines}}
			if err := db.AppendEvidence(b.Context(), db.now(), batches); err != nil {
				b.Error(err)
			}
		}
	})
}
