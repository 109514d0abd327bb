package openfeature_test

import (
	"encoding/json"
	"testing"

	of "github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/isolated"
	"go.uber.org/goleak"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/sdk/openfeature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// document is a client features document with these flags.
func document(t testing.TB, flags ...eval.Flag) []byte {
	t.Helper()
	b, err := json.Marshal(eval.Snapshot{Version: 2, Features: flags, Meta: &eval.Meta{RevisionID: 7}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func on(name string, strategies ...eval.Strategy) eval.Flag {
	return eval.Flag{Name: name, Enabled: true, Strategies: strategies}
}

func off(f eval.Flag) eval.Flag {
	f.Enabled = false
	return f
}

// everybody gets a variant with a payload.
func everybody(variant, kind, value string) eval.Strategy {
	return eval.Strategy{Name: "default", Variants: []eval.WeightedVariant{
		{Name: variant, Weight: 1000, Payload: &eval.Payload{Type: kind, Value: value}},
	}}
}

// where narrows a strategy to contexts whose field has a value.
func where(field, value string, st eval.Strategy) eval.Strategy {
	st.Constraints = []eval.Constraint{{ContextName: field, Operator: "IN", Values: []string{value}}}
	return st
}

// rollout serves a share of the users.
func rollout(percent string) eval.Strategy {
	return eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": percent, "stickiness": "userId", "groupId": "r1"}}
}

// offline returns a provider of these flags without a server.
func offline(t testing.TB, flags ...eval.Flag) *openfeature.Provider {
	t.Helper()
	return started(t, sdk.Options{Bootstrap: document(t, flags...), Environment: "production"})
}

func started(t testing.TB, options sdk.Options) *openfeature.Provider {
	t.Helper()
	p, err := openfeature.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Shutdown)
	return p
}

// client registers a provider and returns an OpenFeature client of it.
func client(t testing.TB, p *openfeature.Provider) *of.Client {
	t.Helper()
	api := isolated.NewAPI()
	if err := api.SetProviderAndWait(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return api.NewClient()
}
