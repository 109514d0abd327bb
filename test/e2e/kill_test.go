package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/test/postgres"
)

// killsEnv is how many times TestKill kills a server on SQLite, and a fifth of it
// on PostgreSQL; cutsEnv is how many times TestPowerCut cuts its power.
const (
	killsEnv = "LOCKFLIGHT_KILLS"
	cutsEnv  = "LOCKFLIGHT_POWER_CUTS"
)

// Kills by default.
const (
	sqliteKills   = 25
	postgresKills = 3
)

// TestKill kills a server at random moments under load. After each kill the log
// verifies, and after each restart everything that was ever acknowledged is
// there: flags, their state and strategies, tokens, and evidence.
func TestKill(t *testing.T) {
	kills := rounds(t, killsEnv, sqliteKills)
	t.Run("SQLite", func(t *testing.T) { newLoad(t, newPlane(t)).survive(t, kills) })
	t.Run("PostgreSQL", func(t *testing.T) {
		p := newPlane(t)
		p.database = postgres.Start(t)
		newLoad(t, p).survive(t, max(postgresKills, rounds(t, killsEnv, 0)/5))
	})
}

// rounds is how often to do what is done so often by default: as an environment
// variable has it.
func rounds(t *testing.T, env string, byDefault int) int {
	t.Helper()
	n := byDefault
	if text := os.Getenv(env); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			t.Fatalf("%s=%q, want a number from 1 on", env, text)
		}
	}
	if testing.Short() {
		n = min(n, 5)
	}
	return n
}

// load is all who write to one plane.
type load struct {
	plane    *plane
	rand     *rand.Rand
	flight   flight
	writers  []*writer
	senders  []*sender
	verified verification
	restarts time.Duration // the longest

	cut func(*testing.T) // what is done after each kill; nil for nothing
}

// newLoad starts the plane with one running release, to send evidence of.
func newLoad(t *testing.T, p *plane) *load {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p.start(t)
	l := &load{plane: p, rand: rand.New(rand.NewPCG(seed, 0)), flight: p.launch(t, "evidence", steps(50, 100))}
	for i := range 4 {
		l.writers = append(l.writers, newWriter(strconv.Itoa(i), seed+uint64(i)))
	}
	for i := range 2 {
		l.senders = append(l.senders, &sender{name: "sender-" + strconv.Itoa(i), flight: l.flight})
	}
	return l
}

// survive kills and restarts the server so many times.
func (l *load) survive(t *testing.T, kills int) {
	t.Helper()
	for round := range kills {
		l.runAndKill(t)
		l.verify(t)
		begin := time.Now()
		l.plane.start(t)
		l.restarts = max(l.restarts, time.Since(begin))
		l.check(t)
		if t.Failed() {
			t.Fatalf("in round %d", round+1)
		}
	}
	l.plane.stop(t)
	writes, batches, lines := 0, 0, 0
	for _, w := range l.writers {
		writes += w.acked
	}
	for _, s := range l.senders {
		batches, lines = batches+s.batches, lines+s.acked
	}
	t.Logf("%d kills: %d acknowledged writes and %d acknowledged batches of evidence (%d observations) checked after each; none lost",
		kills, writes, batches, lines)
	t.Logf("%d audits passed, the last over %d records, signed up to %d; slowest restart %d ms",
		kills, l.verified.Size, l.verified.Checkpoint, l.restarts.Milliseconds())
	if writes < kills || batches < kills {
		t.Errorf("%d writes and %d batches acknowledged in %d rounds: that is no load", writes, batches, kills)
	}
}

// runAndKill lets everybody write for a random while, and kills the server.
func (l *load) runAndKill(t *testing.T) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	for _, w := range l.writers {
		g.Go(func() error { return w.run(ctx, l.plane) })
	}
	for _, s := range l.senders {
		g.Go(func() error { return s.run(ctx, l.plane) })
	}
	after := time.Duration(30+l.rand.IntN(371)) * time.Millisecond
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-l.plane.process.ended:
		t.Fatalf("the server ended by itself; its log:\n%s", l.plane.process.log)
	}
	l.plane.kill(t)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if l.cut != nil {
		l.cut(t)
	}
}

// verification is what audit verify reports.
type verification struct {
	OK         bool  `json:"ok"`
	Size       int64 `json:"size"`
	Checkpoint int64 `json:"checkpoint"`
}

// verify audits the log of the stopped server. It must not have become shorter.
func (l *load) verify(t *testing.T) {
	t.Helper()
	before := l.verified
	l.verified = l.plane.auditStopped(t)
	if l.verified.Size < before.Size || l.verified.Checkpoint < before.Checkpoint {
		t.Fatalf("the log has %+v after a kill, and had %+v before", l.verified, before)
	}
}

// auditStopped verifies the log of a stopped server, which must be in order.
func (p *plane) auditStopped(t *testing.T) verification {
	t.Helper()
	res := p.cli(t, nil, p.offline("audit", "verify", "-o", "json")...)
	var v verification
	if err := json.Unmarshal([]byte(res.out), &v); err != nil || res.code != 0 || !v.OK {
		t.Fatalf("audit verify: exit status %d\n%s%s", res.code, res.out, res.errors)
	}
	return v
}

// offline adds where the plane's data is to the arguments of a command.
func (p *plane) offline(args ...string) []string {
	args = append(args, "--data", p.data)
	if p.database != "" {
		args = append(args, "--database-url", p.database)
	}
	return args
}

// check compares what the restarted server serves with what it acknowledged.
func (l *load) check(t *testing.T) {
	t.Helper()
	served, err := l.plane.served(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range l.writers {
		if err := w.check(served); err != nil {
			t.Error(err)
		}
	}
	acked, underway := 0, 0
	for _, s := range l.senders {
		acked, underway = acked+s.acked, underway+len(s.batch)
	}
	got, err := l.counted(t.Context(), acked)
	if err != nil || got < acked || got > acked+underway {
		t.Errorf("%d observations count (%v), want the %d acknowledged and at most %d that were under way", got, err, acked, underway)
	}
}

// counted returns how many observations the release's gate has taken into
// account, once these are want or nothing more comes.
func (l *load) counted(ctx context.Context, want int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path, got := "/api/v1/releases/"+l.flight.id, 0
	for after := ""; ; {
		var r struct {
			Mark string `json:"mark"`
			Live *struct {
				Exposures struct{ Treatment, Control int }
			} `json:"live"`
		}
		if err := l.plane.call(ctx, http.MethodGet, path+after, nil, &r); err != nil {
			return got, errors.Join(fmt.Errorf("waiting for %d to count", want), err)
		}
		if r.Live != nil {
			if got = r.Live.Exposures.Treatment + r.Live.Exposures.Control; got >= want {
				return got, nil
			}
		}
		after = "?after=" + url.QueryEscape(r.Mark)
	}
}
