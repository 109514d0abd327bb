package sdk_test

import (
	"context"
	"fmt"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Without a URL a client serves its bootstrap document: in tests, on a plane,
// or where the document comes some other way.
func Example() {
	client, err := sdk.New(context.Background(), sdk.Options{
		AppName: "checkout",
		Bootstrap: []byte(`{"version": 2, "features": [
			{"name": "checkout-v2", "enabled": true, "strategies": [
				{"name": "userWithId", "parameters": {"userIds": "ada,grace"}}]},
			{"name": "agent-router", "enabled": true,
				"strategies": [{"name": "default", "variants": [
					{"name": "careful", "weight": 1000, "payload": {"type": "string", "value": "model-b"}}]}]}
		]}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	for _, user := range []string{"ada", "bob"} {
		fmt.Println(user, client.Bool("checkout-v2", &eval.Context{UserID: user}, false))
	}
	variant := client.Variant("agent-router", &eval.Context{UserID: "ada"})
	fmt.Println(variant.Name, variant.Payload.Value)
	fmt.Println(client.Explain("checkout-v2", &eval.Context{UserID: "bob"}).Message)
	fmt.Println(client.Usage()["checkout-v2"])

	// Output:
	// ada true
	// bob false
	// careful model-b
	// no strategy matches; strategy 0 (userWithId): "bob" is not in the list
	// {1 1 map[]}
}

// Evidence about a case goes to the arm that its unit is in.
func ExampleClient_Track() {
	client, err := sdk.New(context.Background(), sdk.Options{
		URL:     "http://127.0.0.1:4242",
		Token:   "default:production.a-secret",
		AppName: "support-agent",
		Build:   "b2",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	conversation := &eval.Context{UserID: "u1"}
	build := "b1"
	if client.Bool("agent-router", conversation, false) {
		build = "b2"
	}
	fmt.Println("answered by", build)
	client.Track("evidence_coverage", conversation, sdk.Pass(true), sdk.Case("conversation-7"))
	client.Track("p95_latency_ms", conversation, sdk.Value(812), sdk.Case("conversation-7"))
}
