package otel_test

import (
	"context"
	"fmt"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/sdk/otel"
)

// printer exports to standard output. An application uses the exporter that
// its other telemetry goes to.
type printer struct{}

func (printer) Export(_ context.Context, records []sdklog.Record) error {
	for i := range records {
		fmt.Println(records[i].EventName(), records[i].AttributesLen(), "attributes")
	}
	return nil
}
func (printer) ForceFlush(context.Context) error { return nil }
func (printer) Shutdown(context.Context) error   { return nil }

func Example() {
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(printer{})))
	client, err := sdk.New(context.Background(), sdk.Options{
		Environment: "production",
		Build:       "b2",
		OnExposure:  otel.NewHook(provider).OnExposure,
		// URL and Token of a server go here; without them a document is served.
		Bootstrap: []byte(`{"version": 2, "features": [{"name": "agent-router", "enabled": true, "strategies": [
			{"name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": "userId", "groupId": "r1", "release": "r1"}}]}]}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ada := &eval.Context{UserID: "ada"}
	for range 3 {
		client.Bool("agent-router", ada, false) // the first is the exposure
	}
	// Output:
	// feature_flag.evaluation 7 attributes
}
