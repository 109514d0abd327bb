package sdk

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"
)

// maxToggles is how many flags go into one metrics request: Unleash's server
// takes bodies of up to 100 kB.
const maxToggles = 400

// identity is what a client says of itself when it registers and reports.
type identity struct {
	AppName         string `json:"appName"`
	InstanceID      string `json:"instanceId"`
	ConnectionID    string `json:"connectionId"`
	Environment     string `json:"environment,omitempty"`
	SDKVersion      string `json:"sdkVersion"`
	SpecVersion     string `json:"specVersion"`
	PlatformName    string `json:"platformName"`
	PlatformVersion string `json:"platformVersion"`
}

func newIdentity(o *Options, a *api) identity {
	return identity{
		AppName: o.AppName, InstanceID: o.InstanceID, ConnectionID: a.connectionID(), Environment: o.Environment,
		SDKVersion: sdkVersion(), SpecVersion: clientSpec,
		PlatformName: "go", PlatformVersion: runtime.Version(),
	}
}

// registration is the body of POST /api/client/register.
type registration struct {
	identity
	Started    time.Time `json:"started"`
	Interval   int64     `json:"interval"` // of metrics, in ms
	Strategies []string  `json:"strategies"`
}

// report is the body of POST /api/client/metrics. Bucket is null where there
// are only receipts. Lockflight is an addition that other servers ignore.
type report struct {
	identity
	Bucket     *bucket  `json:"bucket"`
	Lockflight *applied `json:"lockflight,omitempty"`
}

type bucket struct {
	Start   time.Time `json:"start"`
	Stop    time.Time `json:"stop"`
	Toggles usage     `json:"toggles"`
}

type applied struct {
	Applied []Receipt `json:"applied"`
}

// metrics collects counts and receipts, and reports them.
type metrics struct {
	api      *api
	identity identity

	ledger   ledger
	unknown  unknowns
	receipts receipts

	mu      sync.Mutex // guards what follows
	pending usage      // collected, not reported
	since   time.Time  // when the counting of pending began
	refused uint64     // checks in reports that the server refused
}

// usage returns what is counted and not reported.
func (m *metrics) usage() usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.collect()
	return m.pending.clone()
}

// collect moves the counters' values to pending. The caller holds mu.
func (m *metrics) collect() {
	m.ledger.collect(m.pending)
	m.unknown.collect(m.pending)
}

// take returns what is to be reported, and the time span that it is from.
// Until it is given back it is the caller's.
func (m *metrics) take() bucket {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.collect()
	b := bucket{Start: m.since, Stop: time.Now().UTC(), Toggles: m.pending}
	m.pending, m.since = make(usage), b.Stop
	return b
}

// restore gives back what could not be reported.
func (m *metrics) restore(b bucket) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for flag, n := range b.Toggles {
		m.pending.add(flag, n)
	}
	m.since = b.Start
}

// send reports counts and receipts, in as many requests as it takes. What the
// server could not take is reported the next time; what it refuses is dropped
// and counted. Where there is nothing to report it sends nothing.
func (m *metrics) send(ctx context.Context) error {
	all, receipts := m.take(), m.receipts.pending()
	if len(receipts) > 0 && len(all.Toggles) == 0 {
		return m.post(ctx, report{}, receipts)
	}
	names := slices.Sorted(maps.Keys(all.Toggles))
	for chunk := range slices.Chunk(names, maxToggles) {
		part := bucket{Start: all.Start, Stop: all.Stop, Toggles: make(usage, len(chunk))}
		for _, name := range chunk {
			part.Toggles[name] = all.Toggles[name]
		}
		err := m.post(ctx, report{Bucket: &part}, receipts)
		if err != nil && !refused(err) {
			m.restore(all)
			return err
		}
		for _, name := range chunk {
			delete(all.Toggles, name)
		}
		if err != nil {
			m.refuse(part)
			m.restore(all)
			return err
		}
		receipts = nil
	}
	return nil
}

// post sends one report with these receipts.
func (m *metrics) post(ctx context.Context, r report, receipts []Receipt) error {
	r.identity = m.identity
	if len(receipts) > 0 {
		r.Lockflight = &applied{Applied: receipts}
	}
	if err := m.api.postJSON(ctx, "/api/client/metrics", r); err != nil {
		return fmt.Errorf("send metrics: %w", err)
	}
	if len(receipts) > 0 {
		m.receipts.delivered(receipts[len(receipts)-1].Seq)
	}
	return nil
}

// refuse counts the checks of a report that will not be sent again.
func (m *metrics) refuse(b bucket) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range b.Toggles {
		m.refused += n.Yes + n.No
	}
}

// register tells the server that this instance exists.
func (m *metrics) register(ctx context.Context, started time.Time, interval time.Duration) error {
	err := m.api.postJSON(ctx, "/api/client/register", registration{
		identity: m.identity, Started: started.UTC(), Interval: interval.Milliseconds(),
		Strategies: []string{
			"default", "userWithId", "flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId",
			"gradualRolloutRandom", "remoteAddress", "applicationHostname",
		},
	})
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}
