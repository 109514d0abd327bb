package main

import (
	"context"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/gate"
)

const (
	environment = "production"
	flagName    = "agent-router"
	build       = "b2"
)

// world is the one release that runs, half of the units in each arm.
type world struct {
	view   control.ReleaseView
	policy gate.Policy
}

func newWorld() *world {
	w := &world{policy: gate.DefaultPolicy()}
	w.view.Release = control.Release{
		ID: "rel-1", Project: "default", Flag: flagName, Environment: environment, Build: build,
		Plan: gate.Plan{Milestones: []gate.Milestone{{Percent: 50}}}, Joinable: true, State: control.Running,
	}
	return w
}

// Refresh implements evidence.Releases.
func (w *world) Refresh(context.Context) error { return nil }

// Running implements evidence.Releases.
func (w *world) Running(env, flag string) (control.ReleaseView, *gate.Policy, bool) {
	return w.view, &w.policy, env == environment && flag == flagName
}

// arm returns the arm of a unit as the server does.
func (w *world) arm(r control.ReleaseView, unit string) (string, bool) { return r.Arm(unit) }

// ingest returns one that stores in s.
func (w *world) ingest(s control.EvidenceStore) *evidence.Ingest {
	return evidence.New(evidence.Options{Store: s, Releases: w, Arm: w.arm})
}

// sender may write evidence in the environment.
func sender() control.Principal {
	return control.Principal{Kind: control.KindSDK, ID: "bench", Grants: []control.Grant{{
		Permissions: []control.Permission{control.PermEvidenceWrite}, Projects: []string{"default"}, Environments: []string{environment},
	}}}
}

// forgetful is a store that keeps nothing, so that what is measured is the
// reading.
type forgetful struct{ control.EvidenceStore }

// AppendEvidence implements control.EvidenceStore.
func (forgetful) AppendEvidence(_ context.Context, now time.Time, batches []control.EvidenceBatch) error {
	for i := range batches {
		batches[i].Seq, batches[i].ReceivedAt = 1, now
	}
	return nil
}
