package audit

import (
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	r := Record{
		TS: "2026-11-22T10:00:00.000Z", Type: "cr.apply", Project: "p", Env: "production",
		Actor: Actor{ID: "u_1"}, OBO: Party{ID: "u_2"}, Agent: Agent{ID: "ag_1"},
		Res: Resource{Type: "flag", Key: "checkout"},
		CR:  ChangeReq{Appr: []Approval{{By: "u_3"}, {By: "u_4"}, {By: "u_3"}}},
	}
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		query Query
		want  bool
	}{
		{"nothing asked", Query{}, true},
		{"actor", Query{Actor: "u_1"}, true},
		{"another actor", Query{Actor: "u_2"}, false},
		{"on behalf of", Query{OBO: "u_2"}, true},
		{"agent", Query{Agent: "ag_1"}, true},
		{"the second approver", Query{Approver: "u_4"}, true},
		{"who did not approve", Query{Approver: "u_1"}, false},
		{"resource", Query{Resource: "flag/checkout"}, true},
		{"a key of another type", Query{Resource: "segment/checkout"}, false},
		{"type", Query{Type: "cr.apply"}, true},
		{"part of a type", Query{Type: "cr"}, false},
		{"place", Query{Project: "p", Env: "production"}, true},
		{"another place", Query{Project: "p", Env: "development"}, false},
		{"from that moment", Query{From: at}, true},
		{"from after it", Query{From: at.Add(time.Millisecond)}, false},
		{"until that moment", Query{To: at}, false},
		{"until after it", Query{To: at.Add(time.Millisecond)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.query.Takes(&r); got != tt.want {
				t.Errorf("Takes = %v, want %v", got, tt.want)
			}
			terms := Terms(&r)
			for _, term := range tt.query.Terms() {
				if tt.want && !slices.Contains(terms, term) {
					t.Errorf("a record that is taken has not the term %d", term)
				}
			}
		})
	}
}

// TestTerms holds that a query which takes a record asks for nothing that the
// record is not found by.
func TestTerms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom([]string{"", "a", "b"})
		r := Record{
			Type: id.Draw(t, "type"), Actor: Actor{ID: id.Draw(t, "actor")}, OBO: Party{ID: id.Draw(t, "obo")},
			Agent: Agent{ID: id.Draw(t, "agent")}, Res: Resource{Type: id.Draw(t, "kind"), Key: id.Draw(t, "key")},
			CR: ChangeReq{Appr: []Approval{{By: id.Draw(t, "first")}, {By: id.Draw(t, "second")}}},
		}
		q := Query{Type: id.Draw(t, "q.type"), Actor: id.Draw(t, "q.actor"), OBO: id.Draw(t, "q.obo"), Approver: id.Draw(t, "q.approver"), Agent: id.Draw(t, "q.agent")}
		terms, has := q.Terms(), Terms(&r)
		all := !slices.ContainsFunc(terms, func(term Term) bool { return !slices.Contains(has, term) })
		if got := q.Takes(&r); got != all {
			t.Errorf("Takes = %v, and the index says %v", got, all)
		}
	})
}

// indexedLog is a log in memory with an index.
type indexedLog struct {
	*memoryLog
	entries []Entry
}

func (l indexedLog) Index() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range l.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestVerifyIndex(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 20, key)
	var entries []Entry
	for _, leaf := range log.leaves {
		r, err := Decode(leaf.Record)
		if err != nil {
			t.Fatal(err)
		}
		for _, term := range Terms(&r) {
			entries = append(entries, Entry{term, leaf.Seq})
		}
	}
	slices.Reverse(entries)
	moved := slices.Clone(entries)
	moved[3].Seq++
	for _, tt := range []struct {
		name    string
		entries []Entry
		want    []Fault
	}{
		{"as the records say", entries, nil},
		{"an entry is gone", entries[1:], []Fault{FaultIndex}},
		{"an entry too many", append(slices.Clone(entries), Entry{1, 1}), []Fault{FaultIndex}},
		{"an entry leads to another record", moved, []Fault{FaultIndex}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report, err := Verify(indexedLog{log, tt.entries}, Options{Keys: testVerifiers(t, key)})
			if err != nil {
				t.Fatal(err)
			}
			var got []Fault
			for _, f := range report.Findings {
				got = append(got, f.Fault)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("findings %v, want %v", got, tt.want)
			}
		})
	}
}
