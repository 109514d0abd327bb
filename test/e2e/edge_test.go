package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// chaosEnv is for how long TestChaos goes on, and how long TestEdgeCutOff is cut
// off.
const chaosEnv = "LOCKFLIGHT_CHAOS"

// under is how long a test of a network goes on: d, unless the environment says
// otherwise.
func under(t *testing.T, d time.Duration) time.Duration {
	t.Helper()
	if text := os.Getenv(chaosEnv); text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", chaosEnv, err)
		}
	}
	return d
}

// edgeServer is an edge of its own process.
type edgeServer struct {
	upstream, backup string
	listen           string // where it has listened, so that it does again
	process          *process
}

func newEdgeServer(t *testing.T, upstream string) *edgeServer {
	t.Helper()
	e := &edgeServer{upstream: upstream, backup: t.TempDir(), listen: "127.0.0.1:0"}
	e.start(t)
	t.Cleanup(func() {
		_ = e.process.cmd.Process.Kill()
		e.process.wait(t)
	})
	return e
}

func (e *edgeServer) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(binary(t), "edge", "--upstream", e.upstream, "--token", backendToken, "--listen", e.listen, "--backup", e.backup,
		"--name", "edge-under-test")
	cmd.Env = environ()
	e.process = run(t, cmd)
	line, err := e.process.line()
	_, url, ok := strings.Cut(line, " is serving at http://")
	if !ok {
		t.Fatalf("the edge said %q (%v); its log:\n%s", line, err, e.process.log)
	}
	e.listen = url
}

// restart ends the process and starts another.
func (e *edgeServer) restart(t *testing.T) {
	t.Helper()
	if err := e.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := e.process.wait(t); code != 0 {
		t.Errorf("edge after SIGTERM: exit status %d, want 0; its log:\n%s", code, e.process.log)
	}
	e.start(t)
}

// fleet is SDKs that are looked at together.
type fleet []*sdk.Client

func newFleet(t *testing.T, url string, size int) fleet {
	t.Helper()
	var f fleet
	for range size {
		c, err := sdk.New(t.Context(), sdk.Options{URL: url, Token: backendToken, AppName: "e2e"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // its last report may have nobody to go to
		f = append(f, c)
	}
	return f
}

// differences counts the answers of the fleet that are not the engine's on a
// document, and those that are the fallback in place of an answer.
func (f fleet) differences(doc *eval.Set) (wrong, defaults int) {
	for _, c := range f {
		for i := range doc.Len() {
			for user := range 5 {
				unit := &eval.Context{UserID: strconv.Itoa(user)}
				want, _ := doc.Bool(doc.Name(i), unit)
				a, b := c.Bool(doc.Name(i), unit, false), c.Bool(doc.Name(i), unit, true)
				if a != b {
					defaults++
				} else if a != want {
					wrong++
				}
			}
		}
	}
	return wrong, defaults
}

// toggles gives a plane flags, and switches them in turn.
type toggles struct {
	plane *plane
	names []string
	n     int
}

func newToggles(t *testing.T, p *plane, flags int) *toggles {
	t.Helper()
	s := &toggles{plane: p}
	for i := range flags {
		name := "chaos-" + strconv.Itoa(i)
		p.must(t, http.MethodPost, features, map[string]string{"name": name}, nil)
		s.names = append(s.names, name)
		s.next(t)
	}
	return s
}

func (s *toggles) next(t *testing.T) {
	t.Helper()
	to := "on"
	if s.n/len(s.names)%2 == 1 {
		to = "off"
	}
	s.plane.must(t, http.MethodPost, features+"/"+s.names[s.n%len(s.names)]+"/environments/"+environment+"/"+to, nil, nil)
	s.n++
}

func (s *toggles) document(t *testing.T) *eval.Set {
	t.Helper()
	doc, err := s.plane.features(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set, _ := eval.Compile(doc)
	return set
}

// agreed waits until all SDKs answer as a document, and returns how long it took.
func (f fleet) agreed(t *testing.T, doc *eval.Set) time.Duration {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		wrong, defaults := f.differences(doc)
		if wrong+defaults == 0 {
			return time.Since(begin)
		}
		if time.Since(begin) > patience {
			t.Fatalf("after %s, %d answers are not the plane's, and %d defaults", patience, wrong, defaults)
		}
	}
}

// TestChaos puts a network that fails in every way between a plane, its edge and
// the edge's SDKs, while flags are switched: nobody is ever served a default, and
// once it is healthy all SDKs agree with the plane.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p := newPlane(t)
	p.start(t)
	s := newToggles(t, p, 10)
	upper := newChaos(t, strings.TrimPrefix(p.url, "http://"), seed)
	e := newEdgeServer(t, upper.url())
	lower := newChaos(t, e.listen, seed+1)
	sdks := newFleet(t, lower.url(), 20)
	sdks.agreed(t, s.document(t))

	served, rounds := under(t, 10*time.Second), 0
	var slowest time.Duration
	for end := time.Now().Add(served); time.Now().Before(end); rounds++ {
		upper.become(fault(1 + upper.rand(faults)))
		lower.become(fault(1 + lower.rand(faults)))
		for range 7 { // so that no heal finds what the one before left
			s.next(t)
			time.Sleep(70 * time.Millisecond)
			if _, defaults := sdks.differences(s.document(t)); defaults > 0 {
				t.Fatalf("%d defaults were served", defaults)
			}
		}
		if rounds%4 == 3 {
			slowest = max(slowest, healed(t, s, sdks, upper, lower))
		}
	}
	slowest = max(slowest, healed(t, s, sdks, upper, lower))
	t.Logf("%d rounds, %d connections broken, slowest to agree %s", rounds, upper.broken.Load()+lower.broken.Load(), slowest)
	if upper.broken.Load()+lower.broken.Load() == 0 {
		t.Error("the network did not break anything")
	}
}

// healed has all networks healthy, and returns how long all SDKs took from then
// on to agree with the plane. That it is within 5 s is shown in virtual time,
// beside package edge: a machine that is busy takes what it takes.
func healed(t *testing.T, s *toggles, sdks fleet, networks ...*chaos) time.Duration {
	t.Helper()
	for _, n := range networks {
		n.become(healthy)
	}
	return sdks.agreed(t, s.document(t))
}

// TestEdgeCutOff takes the plane from an edge, whose process is started again in
// the middle of that: what the SDKs of the edge answer is the last document all
// the while, and the plane's once it is back.
func TestEdgeCutOff(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.start(t)
	s := newToggles(t, p, 5)
	network := newChaos(t, strings.TrimPrefix(p.url, "http://"), 1)
	e := newEdgeServer(t, network.url())
	sdks := newFleet(t, "http://"+e.listen, 10)
	last := s.document(t)
	sdks.agreed(t, last)
	time.Sleep(2 * time.Second) // its backup is written once a second

	network.become(refusing)
	var asked atomic.Int64
	watch := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			asked.Add(int64(len(sdks) * last.Len() * 5))
			if wrong, defaults := sdks.differences(last); wrong+defaults > 0 {
				t.Fatalf("cut off, %d answers are not of the last document, and %d are defaults", wrong, defaults)
			}
		}
	}
	served := under(t, 6*time.Second)
	watch(served / 2)
	var restarting sync.WaitGroup
	restarting.Go(func() { e.restart(t) })
	watch(time.Second)
	restarting.Wait()
	sdks = append(sdks, newFleet(t, "http://"+e.listen, 5)...)
	s.next(t)
	watch(served / 2)
	network.become(healthy)
	t.Logf("%d answers while cut off; all agree %s after", asked.Load(), sdks.agreed(t, s.document(t)))
}
