package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// slow is a store whose appends end when they are let.
type slow struct {
	memory
	began chan struct{} // gets one for each append
	let   chan struct{} // closed: they end
}

func (s *slow) AppendEvidence(ctx context.Context, now time.Time, batches []control.EvidenceBatch) error {
	s.began <- struct{}{}
	<-s.let
	return s.memory.AppendEvidence(ctx, now, batches)
}

func slowWorld(t *testing.T, inFlight int64) (*world, *slow) {
	w := newWorld(t)
	s := &slow{memory: memory{seen: map[string]bool{}}, began: make(chan struct{}, 100), let: make(chan struct{})}
	w.Ingest = New(Options{Store: s, Releases: w, Now: func() time.Time { return w.now }, InFlight: inFlight})
	return w, s
}

// When the store does not keep up, senders are told to come again; what was
// acknowledged is stored, what was turned away is not, and when the store keeps
// up again there is room as before.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	const room = 3
	w, s := slowWorld(t, room*(perRequest+1024))
	send := func(unit string) error {
		_, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(line(`unit="`+unit+`"`)))
		return err
	}
	var senders sync.WaitGroup
	for i := range room {
		senders.Go(func() {
			if err := send(fmt.Sprint("held-", i)); err != nil {
				t.Error(err)
			}
		})
		<-s.began
	}
	if err := send("early"); control.KindOf(err) != control.Limited {
		t.Errorf("with no room: %v", err)
	}
	close(s.let)
	senders.Wait()
	if err := send("again"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	got := lineUnits(t, s.lines)
	if diff := cmp.Diff([]string{"again", "held-0", "held-1", "held-2"}, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if n := w.Counts("rel-1")[Accepted]; n != room+1 {
		t.Errorf("%d counted as accepted, want %d", n, room+1)
	}
}

// lineUnits returns the units of stored lines, sorted.
func lineUnits(t *testing.T, lines []string) (all []string) {
	for _, l := range lines {
		o, err := gate.ParseObservation([]byte(l))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.Unit)
	}
	slices.Sort(all)
	return all
}

// A body that outgrows what there is room for is turned away as a whole, and
// however a request ends it leaves its room behind.
func TestRoomIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Ingest = New(Options{Store: w.store, Releases: w, Now: func() time.Time { return w.now }, InFlight: perRequest + 1024})
	body := strings.Repeat(line()+"\n", 100)
	logs := func(body io.Reader) error {
		_, _, err := w.Logs(t.Context(), backend("default"), protobufType, "", body)
		return err
	}
	native := func(body io.Reader) error {
		_, err := w.NDJSON(t.Context(), backend("default"), "", 0, body)
		return err
	}
	for name, send := range map[string]func(io.Reader) error{"native": native, "OTLP": logs} {
		if err := send(strings.NewReader(body)); control.KindOf(err) != control.Limited {
			t.Errorf("%s: a body of %d bytes: %v", name, len(body), err)
		}
		if err := send(io.MultiReader(strings.NewReader("{"), broken{})); control.KindOf(err) != control.Invalid {
			t.Errorf("%s: a body that breaks off: %v", name, err)
		}
	}
	w.store.err = errDisk
	if err := native(strings.NewReader(line())); control.KindOf(err) != control.Unavailable {
		t.Errorf("a store that fails: %v", err)
	}
	if len(w.store.lines) > 0 {
		t.Errorf("stored %q", w.store.lines)
	}
	if n := w.admission.inFlight.Load(); n != 0 {
		t.Errorf("%d bytes in flight at rest", n)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// OTLP's clients try again only where they are told when.
func TestFailureSaysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	for kind, want := range map[control.Kind]time.Duration{
		control.Limited: control.RetryAfter, control.Unavailable: control.RetryAfter, control.TooLarge: 0, control.Invalid: 0,
	} {
		body, _ := Failure(control.Errorf(kind, "x", "because"), protobufType)
		var st spb.Status
		if err := proto.Unmarshal(body, &st); err != nil {
			t.Fatal(err)
		}
		var got time.Duration
		for _, d := range status.FromProto(&st).Details() {
			if retry, ok := d.(*errdetails.RetryInfo); ok {
				got = retry.GetRetryDelay().AsDuration()
			}
		}
		if got != want {
			t.Errorf("kind %v: %v, want %v", kind, got, want)
		}
	}
	text, media := Failure(control.Errorf(control.Limited, "x", "because"), jsonType)
	if media != jsonType || !strings.Contains(string(text), `"retryDelay":"1s"`) {
		t.Errorf("as JSON: %s", text)
	}
}
