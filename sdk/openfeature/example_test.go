package openfeature_test

import (
	"context"
	"fmt"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/openfeature"
)

func Example() {
	ctx := context.Background()
	provider, err := openfeature.New(ctx, sdk.Options{
		// URL and Token of a server go here; without them a document is served.
		AppName: "support-agent",
		Bootstrap: []byte(`{"version": 2, "features": [
			{"name": "agent-router", "enabled": true, "strategies": [
				{"name": "userWithId", "parameters": {"userIds": "ada"}, "variants": [
					{"name": "careful", "weight": 1000, "payload": {"type": "string", "value": "model-b"}}]}]}
		]}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := of.SetProviderAndWait(provider); err != nil {
		fmt.Println(err)
		return
	}
	defer of.Shutdown() // closes the provider's client too

	flags := of.NewClient("support-agent")
	for _, user := range []string{"ada", "bob"} {
		d, err := flags.StringValueDetails(ctx, "agent-router", "model-a", of.NewEvaluationContext(user, nil))
		fmt.Printf("%s gets %s: %s %q, error %v\n", user, d.Value, d.Reason, d.Variant, err)
	}
	// Output:
	// ada gets model-b: TARGETING_MATCH "careful", error <nil>
	// bob gets model-a: DEFAULT "", error <nil>
}
