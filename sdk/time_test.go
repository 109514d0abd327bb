package sdk_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// pipes is a listener whose connections never leave the process, so that time
// in a synctest bubble passes while a client waits for its server.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubble runs test in a synctest bubble, with a server of flag "a" and a
// client of it that has the server's configuration.
func bubble(t *testing.T, test func(*testing.T, *server, *sdk.Client), change ...func(*sdk.Options, *server)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unconnected(on("a"))
		s.URL = "http://flags.test"
		listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		web := &http.Server{Handler: s}
		go web.Serve(listener)
		transport := &http.Transport{DialContext: listener.dial}
		options := sdk.Options{
			URL: s.URL, Token: backendToken, AppName: "checkout",
			EvidenceInterval: time.Hour, HTTPClient: &http.Client{Transport: transport},
		}
		for _, f := range change {
			f(&options, s)
		}
		c, err := sdk.New(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		ready(t, c)
		test(t, s, c)
		c.Close()
		transport.CloseIdleConnections()
		web.Close()
	})
}

const (
	streamPath   = "/api/client/streaming"
	featuresPath = "/api/client/features"
)

// within fails unless d is from low to high.
func within(t *testing.T, what string, d, low, high time.Duration) {
	t.Helper()
	if d < low || d > high {
		t.Errorf("%s after %s, want %s to %s", what, d, low, high)
	}
}

func TestSilentStreamIsReplaced(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, _ *sdk.Client) {
		began := time.Now()
		awaitRequest(t, s, streamPath, 2)
		within(t, "reconnected", time.Since(began), 60*time.Second, 61*time.Second)
	})
}

func TestCommentsKeepAStreamAlive(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, c *sdk.Client) {
		for range 20 {
			time.Sleep(30 * time.Second)
			s.say(": keep-alive\n\n")
		}
		synctest.Wait()
		if n := len(s.received(streamPath)); n != 1 {
			t.Errorf("%d streams in 10 minutes, want 1", n)
		}
		if got := c.Stats(); got.Age != 0 || got.Stale {
			t.Errorf("age = %s, stale = %t; want 0 and fresh", got.Age, got.Stale)
		}
	})
}

// A proxy that holds a stream back is found by its silence.
func TestHeldBackStreamIsPolled(t *testing.T) {
	began := make(chan time.Time, 1)
	bubble(t, func(t *testing.T, s *server, _ *sdk.Client) {
		within(t, "polled", time.Since(<-began), 15*time.Second, 16*time.Second)
	}, func(_ *sdk.Options, s *server) {
		began <- time.Now()
		s.answer(streamPath, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
	})
}

func TestStreamingIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, _ *sdk.Client) {
		s.answer(streamPath, nil)
		began := time.Now()
		awaitRequest(t, s, streamPath, 2)
		within(t, "streamed", time.Since(began), 5*time.Minute, 5*time.Minute+17*time.Second)
		polls := len(s.received(featuresPath))
		time.Sleep(30 * time.Second)
		if n := len(s.received(featuresPath)); n != polls {
			t.Errorf("%d polls beside the stream", n-polls)
		}
	}, func(_ *sdk.Options, s *server) { s.answer(streamPath, status(http.StatusNotFound)) })
}

// A client whose server is gone serves what it has, says when that is stale,
// and when it is fresh again.
func TestStaleAndFreshAgain(t *testing.T) {
	var calls chan string
	expect := func(t *testing.T, want string) {
		t.Helper()
		if got := <-calls; got != want {
			t.Errorf("called %s, want %s", got, want)
		}
	}
	bubble(t, func(t *testing.T, s *server, c *sdk.Client) {
		expect(t, "ready")
		began := time.Now()
		for _, path := range []string{streamPath, featuresPath} {
			s.answer(path, status(http.StatusServiceUnavailable))
		}
		s.hangUp()
		expect(t, "stale")
		within(t, "stale", time.Since(began), 90*time.Second, 90*time.Second)
		if why := c.Explain("a", nil); !why.Enabled || why.Age < 90*time.Second || !c.Stats().Stale {
			t.Errorf("explanation = %+v", why)
		}
		time.Sleep(10 * time.Minute)
		s.answer(streamPath, nil)
		began = time.Now()
		expect(t, "ready")
		within(t, "fresh", time.Since(began), 0, 5*time.Second)
		if c.Stats().Stale {
			t.Error("still stale")
		}
	}, func(o *sdk.Options, _ *server) {
		calls = make(chan string, 10) // in the bubble, or time would not pass
		o.OnReady = func() { calls <- "ready" }
		o.OnStale = func() { calls <- "stale" }
	})
}

// Attempts at a server that is down become rarer, but none comes later than
// 4 s after the one before.
func TestReconnectsAreSpacedOut(t *testing.T) {
	var mu sync.Mutex
	var attempts []time.Time
	bubble(t, func(t *testing.T, s *server, _ *sdk.Client) {
		s.answer(streamPath, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			attempts = append(attempts, time.Now())
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		attempts = append(attempts, time.Now())
		s.hangUp()
		time.Sleep(10 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		low, high := 500*time.Millisecond, time.Second
		for i := 1; i < len(attempts); i++ {
			within(t, "tried again", attempts[i].Sub(attempts[i-1]), low, high)
			high = min(2*high, 4*time.Second)
			low = high / 2
		}
		if len(attempts) < 20 {
			t.Errorf("%d attempts in 10 minutes", len(attempts))
		}
	})
}

// What is served is acknowledged at once, and what came in quick succession
// together; a receipt is told once.
func TestReceiptsAreToldAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, _ *sdk.Client) {
		time.Sleep(time.Second)
		s.put(off("a"), on("a"), off("a"))
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		var got [][]int64
		for _, r := range s.received(receiptsPath) {
			var in struct{ Applied []sdk.Receipt }
			if err := json.Unmarshal(r.body, &in); err != nil {
				t.Fatal(err)
			}
			var seqs []int64
			for _, one := range in.Applied {
				seqs = append(seqs, one.Seq)
			}
			got = append(got, seqs)
		}
		if diff := cmp.Diff([][]int64{{1}, {2, 3, 4}}, got); diff != "" {
			t.Errorf("receipts by request (-want +got):\n%s", diff)
		}
		time.Sleep(5 * time.Minute)
		for _, r := range s.reports(t) {
			if len(r.Lockflight.Applied) > 0 {
				t.Error("a receipt was told again with the metrics")
			}
		}
	}, func(_ *sdk.Options, s *server) { s.answer(receiptsPath, status(http.StatusAccepted)) })
}

func TestUsageIsReportedEveryInterval(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, c *sdk.Client) {
		for range 10 {
			c.Bool("a", nil, false)
			time.Sleep(66 * time.Second)
			s.say(": keep-alive\n\n")
		}
		synctest.Wait()
		var yes uint64
		for _, r := range s.reports(t) {
			yes += r.Bucket.Toggles["a"].Yes
			if span := r.Bucket.Stop.Sub(r.Bucket.Start); span > 66*time.Second {
				t.Errorf("a report spans %s", span)
			}
		}
		if yes != 10 {
			t.Errorf("%d checks reported, want 10", yes)
		}
	})
}

// Close does not wait for ever for a server that does not answer.
func TestCloseIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, c *sdk.Client) {
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		s.answer("/api/client/metrics", hang)
		c.Bool("a", nil, false)
		time.Sleep(66 * time.Second) // a report is under way
		began := time.Now()
		if err := c.Close(); err == nil {
			t.Error("no error although the counts were not sent")
		}
		within(t, "closed", time.Since(began), 0, 5*time.Second)
		if got := c.Usage()["a"].Yes; got != 1 {
			t.Errorf("%d checks kept, want 1", got)
		}
	})
}

// awaitRequest is waitFor in a bubble, where time stands still until all wait.
func awaitRequest(t *testing.T, s *server, path string, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Hour); len(s.received(path)) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: fewer than %d requests in an hour", path, n)
		}
	}
}

// TestCloseWaitsForABusyServer holds what a client has left until a server that
// asks for time has had it, and no longer than Close may take.
func TestCloseWaitsForABusyServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *server, c *sdk.Client) {
		s.put(released("router", "r1", 100))
		synctest.Wait()
		f := released("router", "r1", 100)
		c.Bool("router", inArm(t, f, eval.Treatment, 0), false)
		busy := 2
		s.answer(evidencePath, func(w http.ResponseWriter, _ *http.Request) {
			if busy--; busy >= 0 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.WriteHeader(http.StatusAccepted)
		})
		start := time.Now()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 2*time.Second || took > 4*time.Second {
			t.Errorf("closing took %s", took)
		}
		if n := len(s.received(evidencePath)); n != 3 {
			t.Errorf("%d requests with evidence, want 3", n)
		}
	})
}

// TestBusyServerIsLeftAlone sends what a busy server did not take once more, and
// not before it asked for it.
func TestBusyServerIsLeftAlone(t *testing.T) {
	for _, after := range []string{"seconds", "date"} {
		t.Run(after, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *server, c *sdk.Client) {
				s.put(released("router", "r1", 100))
				synctest.Wait()
				c.Bool("router", inArm(t, released("router", "r1", 100), eval.Treatment, 0), false)
				times := make(chan time.Time, 2)
				s.answer(evidencePath, func(w http.ResponseWriter, _ *http.Request) {
					if times <- time.Now(); len(times) > 1 {
						w.WriteHeader(http.StatusAccepted)
						return
					}
					w.Header().Set("Retry-After", "40")
					if after == "date" {
						w.Header().Set("Retry-After", time.Now().Add(40*time.Second).UTC().Format(http.TimeFormat))
					}
					w.WriteHeader(http.StatusTooManyRequests)
				})
				awaitRequest(t, s, evidencePath, 2)
				first, second := <-times, <-times
				within(t, "the second attempt", second.Sub(first), 39*time.Second, 50*time.Second)
				if got := s.received(evidencePath); string(got[0].body) != string(got[1].body) {
					t.Errorf("sent\n%s\nand then\n%s", got[0].body, got[1].body)
				}
				synctest.Wait()
				if st := c.Stats(); st.ObservationsDropped != 0 || st.ObservationsSent != 1 {
					t.Errorf("%+v", st)
				}
			}, func(o *sdk.Options, _ *server) { o.EvidenceInterval = time.Second })
		})
	}
}
