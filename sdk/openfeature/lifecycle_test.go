package openfeature_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/isolated"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/openfeature"
)

// following returns a provider that polls a server, and what the server
// answers: nil is a failure.
func following(t *testing.T, first []byte) (*openfeature.Provider, *atomic.Pointer[[]byte]) {
	t.Helper()
	answer := new(atomic.Pointer[[]byte])
	answer.Store(&first)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document := *answer.Load()
		if r.URL.Path != "/api/client/features" || document == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write(document)
	}))
	t.Cleanup(s.Close)
	return started(t, sdk.Options{
		URL: s.URL, Token: "*:production.secret", AppName: "checkout", DisableStreaming: true,
		RefreshInterval: 5 * time.Millisecond, StaleAfter: 100 * time.Millisecond,
		MetricsInterval: time.Hour, EvidenceInterval: time.Hour,
	}), answer
}

// handled returns a channel of the events of a kind.
func handled(c *of.Client, kind of.EventType) <-chan of.EventDetails {
	events := make(chan of.EventDetails, 100)
	handler := func(d of.EventDetails) { events <- d }
	c.AddHandler(kind, &handler)
	return events
}

func await(t *testing.T, events <-chan of.EventDetails, what string) {
	t.Helper()
	select {
	case <-events:
	case <-time.After(20 * time.Second):
		t.Fatalf("no event: %s", what)
	}
}

func state(t *testing.T, c *of.Client, want of.State) {
	t.Helper()
	if got := c.State(); got != want {
		t.Errorf("state = %s, want %s", got, want)
	}
}

// A change is signalled and applied, losing the server makes the provider
// stale, and having it again ready: specification, events.feature.
func TestEvents(t *testing.T) {
	t.Parallel()
	p, answer := following(t, document(t, on("f", everybody("a", "string", "before"))))
	c := client(t, p)
	ready, changed, stale := handled(c, of.ProviderReady), handled(c, of.ProviderConfigChange), handled(c, of.ProviderStale)
	await(t, ready, "ready")
	state(t, c, of.ReadyState)

	after, nothing := document(t, on("f", everybody("a", "string", "after"))), []byte(nil)
	answer.Store(&after)
	for c.String(t.Context(), "f", "", of.EvaluationContext{}) != "after" {
		await(t, changed, "configuration changed")
	}

	answer.Store(&nothing)
	await(t, stale, "stale")
	state(t, c, of.StaleState)
	d, err := c.StringValueDetails(t.Context(), "f", "", of.EvaluationContext{})
	if d.Value != "after" || d.Reason != "STALE" || err != nil {
		t.Errorf("stale: %+v, %v", d, err)
	}
	answer.Store(&after)
	for c.State() != of.ReadyState { // an event of the first time may still be waiting
		await(t, ready, "ready again")
	}
}

// A server that cannot be reached is an error and not a wait, the caller's
// default is served, and the provider becomes ready when the server is there:
// specification, lifecycle.feature.
func TestServerUnavailable(t *testing.T) {
	t.Parallel()
	p, answer := following(t, nil)
	api := isolated.NewAPI()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.InitWithContext(ctx, of.EvaluationContext{})
	if fault, ok := errors.AsType[*of.ProviderInitError](err); !ok || fault.ErrorCode != of.ProviderNotReadyCode {
		t.Fatalf("error = %v, want PROVIDER_NOT_READY", err)
	}
	if err := api.SetProviderAndWait(ctx, p); err == nil {
		t.Fatal("no error from a provider without a server")
	}
	defer api.Shutdown(context.WithoutCancel(t.Context()))
	c := api.NewClient()
	await(t, handled(c, of.ProviderError), "error")
	state(t, c, of.ErrorState)
	d, err := c.BooleanValueDetails(t.Context(), "f", true, of.EvaluationContext{})
	if !d.Value || d.Reason != of.ErrorReason || d.ErrorCode != of.ProviderNotReadyCode || err == nil {
		t.Errorf("without configuration: %+v, %v", d, err)
	}
	some := document(t, off(on("f")))
	answer.Store(&some)
	await(t, handled(c, of.ProviderReady), "ready")
	if c.Boolean(t.Context(), "f", true, of.EvaluationContext{}) {
		t.Error("f is on")
	}
}

// Shutting down closes the client, and is final.
func TestShutdown(t *testing.T) {
	t.Parallel()
	p := started(t, sdk.Options{Bootstrap: document(t, on("f"))})
	if p.Metadata().Name != "lockflight" || p.Hooks() != nil {
		t.Errorf("metadata = %+v, hooks = %v", p.Metadata(), p.Hooks())
	}
	if err := p.Init(of.EvaluationContext{}); err != nil {
		t.Fatal(err)
	}
	if err := p.ShutdownWithContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Client().Flush(t.Context()); !errors.Is(err, sdk.ErrClosed) {
		t.Errorf("flush after shutdown: %v, want ErrClosed", err)
	}
	empty, _ := following(t, nil)
	empty.Shutdown()
	err := empty.Init(of.EvaluationContext{})
	if fault, ok := errors.AsType[*of.ProviderInitError](err); !ok || fault.ErrorCode != of.ProviderFatalCode {
		t.Errorf("init after shutdown: %v, want PROVIDER_FATAL", err)
	}
}

func TestNewNamesTheWrongOption(t *testing.T) {
	t.Parallel()
	if p, err := openfeature.New(t.Context(), sdk.Options{URL: "nowhere"}); err == nil || p != nil {
		t.Errorf("New = %v, %v, want an error", p, err)
	}
}
