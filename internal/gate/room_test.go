package gate

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// observed returns an exposure of a unit and its outcomes, all good.
func observed(p *Policy, unit, arm string, at time.Time) []Observation {
	o := Observation{At: at, ReceivedAt: at, Environment: "e", Flag: "f", Arm: arm, Unit: unit, Build: "b2", Signal: exposureSignal}
	if arm == Control {
		o.Build = "b1"
	}
	lines := []Observation{o}
	for i := range p.Signals {
		o.Signal, o.Pass, o.Value = p.Signals[i].Name, new(true), nil
		if p.Signals[i].Kind == Quantile {
			o.Pass, o.Value = nil, new(1000.0)
		}
		lines = append(lines, o)
	}
	return lines
}

// feed adds n units, of both arms in turn, and returns the last moment.
func feed(l *Ledger, p *Policy, n int) time.Time {
	now := modelStart
	for u := range n {
		now = now.Add(time.Millisecond)
		for _, o := range observed(p, fmt.Sprint("unit-", u), []string{Treatment, Control}[u%2], now) {
			l.AddObservation(&o)
		}
	}
	return now
}

// Where there is no room for all units the signals are missing: a release that
// would be promoted holds and says why, and one that would be rolled back for
// what a part of its units show holds too. A critical event rolls back.
func TestOverflowIsMissing(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	const units = 2000
	decide := func(room *Room, spoil func(*Ledger, time.Time)) Decision {
		l := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e", Room: room})
		now := feed(l, &p, units)
		if spoil != nil {
			spoil(l, now)
		}
		return Decide(p, l.Snapshot(now, NewProgress(modelStart)), wellPassed())
	}
	if d := decide(NewRoom(units), nil); d.Verdict != Promote {
		t.Fatalf("with room for all: %s %s, %v", d.Verdict, d.Reason, d.Needs)
	}
	d := decide(NewRoom(units-1), nil)
	if d.Verdict != Hold || !isRule(d.Reason, "P7") || !slices.ContainsFunc(d.Needs, func(s string) bool { return len(s) > 5 && s[:5] == "room:" }) {
		t.Errorf("without room for one: %s %s, needs %q", d.Verdict, d.Reason, d.Needs)
	}
	for _, s := range d.Signals {
		if s.Status != Missing || s.Why != string(Overflow) {
			t.Errorf("%s is %s (%s)", s.Name, s.Status, s.Why)
		}
	}
	critical := func(l *Ledger, now time.Time) {
		o := observed(&p, "late", Treatment, now)[1]
		o.Signal, o.Pass, o.Severity = safetySignal, new(false), Critical
		if c := l.AddObservation(&o); c != Overflow {
			t.Errorf("rejected as %q", c)
		}
	}
	if d := decide(NewRoom(units), critical); d.Verdict != Rollback || d.Reason != CriticalEvent {
		t.Errorf("a critical event without room: %s %s", d.Verdict, d.Reason)
	}
}

// Ledgers share a Room, outcomes that wait for their exposure are in it, and a
// ledger that is closed gives back what it took.
func TestRoomIsShared(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	room := NewRoom(10)
	open := func() *Ledger {
		return NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e", Room: room})
	}
	one, other := open(), open()
	feed(one, &p, 6)
	feed(other, &p, 6)
	if got := other.Overflow(); room.Used() != 10 || one.Overflow() != 0 || got != 2*int64(len(p.Signals)+1) {
		t.Errorf("%d places used, %d and %d lines overflow", room.Used(), one.Overflow(), got)
	}
	one.Close()
	lines := observed(&p, "early", Treatment, modelStart)
	for _, o := range lines[1:] {
		other.AddObservation(&o)
	}
	if got, want := room.Used(), int64(4+1+len(p.Signals)); got != want {
		t.Errorf("%d places used while outcomes wait, want %d", got, want)
	}
	other.AddObservation(&lines[0])
	if room.Used() != 5 {
		t.Errorf("%d places used after the exposure, want 5", room.Used())
	}
	other.Close()
	if room.Used() != 0 {
		t.Errorf("%d places used by nobody", room.Used())
	}
}

// A unit takes 24 bytes, 8 for each signal and 8 for each value, and as much again
// at most for finding it, for the order of exposure and of values, and for growing.
func TestMemoryByUnit(t *testing.T) {
	p := DefaultPolicy()
	const units = 100_000
	before := inUse()
	l := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e", Room: NewRoom(units)})
	now := feed(l, &p, units)
	l.Snapshot(now.Add(24*time.Hour), NewProgress(modelStart))
	got := float64(inUse()-before) / units
	runtime.KeepAlive(l)
	want := float64(24 + 8*len(p.Signals) + 8)
	t.Logf("%.0f bytes a unit of %d signals", got, len(p.Signals))
	if got > 2*want {
		t.Errorf("%.0f bytes a unit, want at most twice %.0f", got, want)
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
