package main

import (
	"crypto/rand"
	"fmt"
	"iter"
	"os"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
)

const origin = "audit.example.com/bench"

// made is a log that is made anew each time it is read, so that writing it needs
// no more memory than verifying it.
type made struct {
	records, resources int64
	root               audit.Hash
	checkpoint         string
}

// write writes the pack of a log that is in order, and returns its bytes.
func write(file string, records, resources int64) (int64, error) {
	key, err := audit.GenerateKey(rand.Reader, origin)
	if err != nil {
		return 0, err
	}
	log := &made{records: records, resources: resources}
	var tree audit.Tree
	for leaf, err := range log.Leaves() {
		if err != nil {
			return 0, err
		}
		tree.Append(tlog.RecordHash(leaf.Record))
	}
	log.root = tree.Root()
	if log.checkpoint, err = audit.Sign(audit.Checkpoint{Origin: origin, Size: records, Root: log.root}, key); err != nil {
		return 0, err
	}
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := audit.Export(f, log, audit.ExportOptions{VerifierKey: key.VerifierKey()}); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}

// sum is the hash of revision rev of resource n.
func sum(n, rev int64) string { return audit.Sum(fmt.Appendf(nil, "%d/%d", n, rev)) }

func key(n int64) string { return fmt.Sprintf("production/flag-%06d", n) }

// Leaves implements audit.Log: record after record changes one resource after
// the other.
func (l *made) Leaves() iter.Seq2[audit.Leaf, error] {
	return func(yield func(audit.Leaf, error) bool) {
		start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
		for seq := range l.records {
			n, rev := seq%l.resources, seq/l.resources+1
			r := audit.Record{
				Seq: seq, ID: fmt.Sprintf("01936b2e-0000-7000-8000-%012d", seq), TS: audit.FormatTime(start.Add(time.Duration(seq) * time.Second)),
				Log: origin, Project: "default", Env: "production", Type: "flag.env.update", Class: "flag", Outcome: "success",
				Actor: audit.Actor{Kind: "agent", ID: fmt.Sprintf("ag_%04d", seq%50), Via: "sat", Cred: "tok_8f3k2m1n"},
				OBO:   audit.Party{Kind: "human", ID: fmt.Sprintf("u_%04d", seq%200)},
				Req:   audit.Request{Origin: "api"},
				Res:   audit.Resource{Type: "flag_env", ID: key(n), Key: key(n), Rev1: rev, H1: sum(n, rev)},
				Authz: audit.Authz{Decision: "allow", Perm: []string{"rule.write"}},
			}
			if rev > 1 {
				r.Res.Rev0, r.Res.H0 = rev-1, sum(n, rev-1)
			}
			record, err := audit.Encode(r)
			if !yield(audit.Leaf{Seq: seq, Record: record}, err) || err != nil {
				return
			}
		}
	}
}

// Documents implements audit.Log.
func (l *made) Documents() iter.Seq2[audit.Document, error] {
	return func(yield func(audit.Document, error) bool) {
		for n := range min(l.resources, l.records) {
			rev := (l.records-1-n)/l.resources + 1
			if !yield(audit.Document{Kind: "flag_env", Key: key(n), Rev: rev, Hash: sum(n, rev)}, nil) {
				return
			}
		}
	}
}

// Head implements audit.Log.
func (l *made) Head() (int64, audit.Hash, error) { return l.records, l.root, nil }

// Checkpoints implements audit.Log.
func (l *made) Checkpoints() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(l.checkpoint, nil) }
}

// Hashes implements audit.Log: there are none, as of Revisions and Blobs.
func (l *made) Hashes() iter.Seq2[audit.StoredHash, error] { return nil }

// Revisions implements audit.Log.
func (l *made) Revisions() iter.Seq2[audit.Revision, error] { return nil }

// Blobs implements audit.Log.
func (l *made) Blobs() iter.Seq2[audit.Blob, error] { return nil }

// HasBlob implements audit.Log.
func (l *made) HasBlob(string) (bool, error) { return false, nil }
