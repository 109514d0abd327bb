package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
	"time"
)

// Query says which records are looked for. All of it must hold; what is empty
// holds for every record. Values are whole and exact.
type Query struct {
	Approver string    // the principal of an approval
	Agent    string    // the agent that acted
	OBO      string    // on whose behalf
	Resource string    // "flag/checkout": the type, a slash and the key
	Actor    string    // who did it
	Type     string    // "flag.env.enable"
	Env      string    // environment
	Project  string    // project
	From     time.Time // not before; zero for no bound
	To       time.Time // before; zero for no bound
}

// Terms are what the query asks an index for, those first that are likely to be
// rare. A record that the query takes has them all.
func (q Query) Terms() []Term {
	var all []Term
	for _, t := range []struct{ kind, value string }{
		{"approver", q.Approver},
		{"agent", q.Agent},
		{"obo", q.OBO},
		{"resource", q.Resource},
		{"actor", q.Actor},
		{"type", q.Type},
		{"env", q.Env},
		{"project", q.Project},
	} {
		if t.value != "" {
			all = append(all, termOf(t.kind, t.value))
		}
	}
	return all
}

// Takes reports whether the query holds for a record, by the record alone.
func (q Query) Takes(r *Record) bool {
	if !q.From.IsZero() || !q.To.IsZero() {
		at, err := ParseTime(r.TS)
		if err != nil || at.Before(q.From) || !q.To.IsZero() && !at.Before(q.To) {
			return false
		}
	}
	is := func(want, got string) bool { return want == "" || want == got }
	approved := func(a Approval) bool { return a.By == q.Approver }
	return is(q.Agent, r.Agent.ID) && is(q.OBO, r.OBO.ID) && is(q.Resource, r.Res.path()) && is(q.Actor, r.Actor.ID) &&
		is(q.Type, r.Type) && is(q.Env, r.Env) && is(q.Project, r.Project) &&
		(q.Approver == "" || slices.ContainsFunc(r.CR.Appr, approved))
}

func (r Resource) path() string {
	if r.Type == "" {
		return ""
	}
	return r.Type + "/" + r.Key
}

// Term is something that a record can be found by, as the first eight bytes of a
// SHA-256. Records with a term that only looks like the one that is wanted are
// left out by Query.Takes.
type Term int64

func termOf(kind, value string) Term {
	sum := sha256.Sum256([]byte(kind + "\x00" + value))
	return Term(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // the bits, whatever their sign
}

// Terms returns what a record is to be found by: each term once, in order.
func Terms(r *Record) []Term {
	q := Query{
		Agent: r.Agent.ID, OBO: r.OBO.ID, Resource: r.Res.path(), Actor: r.Actor.ID, Type: r.Type, Env: r.Env, Project: r.Project,
	}
	all := q.Terms()
	for _, a := range r.CR.Appr {
		all = append(all, Query{Approver: a.By}.Terms()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Entry is one row of an index: the record at Seq has the term.
type Entry struct {
	Term Term
	Seq  int64
}

// IndexedLog is a Log with an index of its records.
type IndexedLog interface {
	Log
	// Index returns the rows of the index, each once and in any order.
	Index() iter.Seq2[Entry, error]
}

// entrySet is the digest of a set of entries, in any order: their number, and the
// sum of their SHA-256 in four words (Bellare and Micciancio 1997, AdHash). It
// finds an index that is not that of the records, and holds against chance, not
// against somebody who makes one up: what is found is read from the records.
type entrySet struct {
	n    int64
	sums [4]uint64
}

func (s *entrySet) add(e Entry) {
	b := binary.BigEndian.AppendUint64(nil, uint64(e.Term)) //nolint:gosec // the bits
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))     //nolint:gosec // the bits
	sum := sha256.Sum256(b)
	for i := range s.sums {
		s.sums[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
	s.n++
}

// expect adds what an index has to have of a record. One that cannot be read is
// in no index.
func (v *verifier) expect(leaf Leaf) {
	r, err := Decode(leaf.Record)
	if err != nil {
		return
	}
	for _, t := range Terms(&r) {
		v.entries.add(Entry{t, leaf.Seq})
	}
}

// index compares the index with the records, where these are in order.
func (v *verifier) index(log Log) error {
	indexed, ok := log.(IndexedLog)
	if !ok || slices.ContainsFunc(v.report.Findings, func(f Finding) bool { return f.Fault.OfLog() }) {
		return nil
	}
	var has entrySet
	for e, err := range indexed.Index() {
		if err != nil {
			return err
		}
		has.add(e)
	}
	if has != v.entries {
		v.report.add(FaultIndex, -1, "the index has %d entries which are not the %d of the records: searches may miss some until audit reindex", has.n, v.entries.n)
	}
	return nil
}
