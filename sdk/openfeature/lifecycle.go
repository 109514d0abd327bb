package openfeature

import (
	"context"
	"errors"
	"fmt"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk"
)

const (
	// initTimeout is how long Init waits for flags where its context says
	// nothing else. The client goes on trying after that.
	initTimeout = 5 * time.Second
	// maxEvents is how many events wait for OpenFeature to take them.
	maxEvents = 16
)

// Init is InitWithContext without a context.
func (p *Provider) Init(ec of.EvaluationContext) error {
	return p.InitWithContext(context.Background(), ec)
}

// InitWithContext waits until there are flags to serve, from the server, the
// backup or the bootstrap: until ctx ends, or 5 s where it has no deadline.
// After an error the provider still becomes ready once there are, unless it
// was shut down, which is fatal.
func (p *Provider) InitWithContext(ctx context.Context, _ of.EvaluationContext) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, initTimeout)
		defer cancel()
	}
	err := p.client.WaitReady(ctx)
	p.initialized.Store(true)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sdk.ErrClosed):
		return &of.ProviderInitError{ErrorCode: of.ProviderFatalCode, Message: err.Error()}
	}
	// It may have become ready just before its events were passed on.
	if p.client.WaitReady(ctx) == nil {
		return nil
	}
	return &of.ProviderInitError{ErrorCode: of.ProviderNotReadyCode, Message: err.Error()}
}

// Shutdown is ShutdownWithContext without a context.
func (p *Provider) Shutdown() { _ = p.ShutdownWithContext(context.Background()) }

// ShutdownWithContext closes the client, which sends what is left. It takes at
// most 5 s, and returns earlier where ctx ends.
func (p *Provider) ShutdownWithContext(ctx context.Context) error {
	end, ended := p.client.Close, make(chan error, 1) // Close has a limit of its own
	go func() { ended <- end() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return fmt.Errorf("close the flag client: %w", ctx.Err())
	}
}

// EventChannel returns the events of the provider: ready, configuration
// changed and stale. Which flags changed is not in them.
func (p *Provider) EventChannel() <-chan of.Event { return p.events }

// emitting returns a callback that emits an event and calls next, if there is
// one. It never waits: while nobody takes events, those beyond maxEvents are
// dropped.
func (p *Provider) emitting(kind of.EventType, message string, next func()) func() {
	event := of.Event{
		ProviderName: providerName, EventType: kind,
		ProviderEventDetails: of.ProviderEventDetails{Message: message},
	}
	return func() {
		if p.initialized.Load() {
			select {
			case p.events <- event:
			default:
			}
		}
		if next != nil {
			next()
		}
	}
}
