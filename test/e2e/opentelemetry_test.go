package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockflight/lockflight/sdk/eval"
)

// turn is a conversation with an agent of one build: the arm that its flag gave
// it, and what its answer cites of the one document that it retrieved.
type turn struct {
	Unit  string `json:"unit"`
	Arm   string `json:"arm"`
	Cites string `json:"cites"`
}

// TestStockOpenTelemetry sends traces, logs and metrics with OpenTelemetry's own
// SDKs, which know nothing of Lockflight. They end in the right arm; of two
// traces, the one whose citation resolves passes evidence coverage, the other
// fails it.
func TestStockOpenTelemetry(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.grpc = freeAddress(t)
	p.start(t)
	for name, emit := range map[string]func(t *testing.T, p *plane, flag, build string, turns []turn){
		"go": goSDK, "node": nodeSDK,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := p.launch(t, "stock-"+name, genAIPolicy())
			treatment, control := f.unitsOf(eval.Treatment, 2), f.unitsOf(eval.Control, 1)
			emit(t, p, f.flag, candidate, []turn{
				{treatment[0], eval.Treatment, "doc-1"}, {treatment[1], eval.Treatment, "doc-9"},
			})
			emit(t, p, f.flag, stable, []turn{{control[0], eval.Control, "doc-1"}})
			half, one := 0.5, 1.0
			want := map[string]signalState{
				"evidence_coverage": {2, 1, &half}, "task_success_rate": {2, 1, &one}, "p95_latency_ms": {2, 1, new(float64)},
			}
			p.awaitSignals(t, f, want)
		})
	}
}

// genAIPolicy takes its signals from what stock telemetry has.
func genAIPolicy() map[string]any {
	policy := steps(50, 100)
	policy["signals"] = []map[string]any{
		{"name": "evidence_coverage", "weight": 0.4, "source": map[string]any{"evidence_slots": map[string]any{}}},
		{"name": "task_success_rate", "weight": 0.4, "source": map[string]any{"evaluation": []string{"task_done"}}},
		{"name": "p95_latency_ms", "weight": 0.2, "source": map[string]any{"metric": "gen_ai.workflow.duration", "unit": "ms"}},
	}
	return policy
}

// unitsOf returns units that are in an arm.
func (f flight) unitsOf(arm string, count int) []string {
	var out []string
	for next := 0; len(out) < count; {
		for _, o := range f.exposures(f.flag, &next, 1) {
			if o.Arm == arm {
				out = append(out, o.Unit)
			}
		}
	}
	return out
}

// signalState is what is known of a signal.
type signalState struct {
	N        int      `json:"n_t"`
	NC       int      `json:"n_c"`
	Estimate *float64 `json:"estimate"`
}

// awaitSignals waits until the release's signals are as they should be.
func (p *plane) awaitSignals(t *testing.T, f flight, want map[string]signalState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	var got map[string]signalState
	var last answer
	for after := ""; ; {
		var r struct {
			Mark string `json:"mark"`
			Live struct {
				Signals []struct {
					Name string `json:"name"`
					signalState
				} `json:"signals"`
			} `json:"live"`
		}
		q := request{method: http.MethodGet, path: "/api/v1/releases/" + f.id + after, token: adminToken}
		a, err := p.send(ctx, q)
		if err == nil {
			err = a.decode(q, &r)
		}
		if err != nil {
			t.Fatalf("%v; the last that was seen: %s\nits signals (-want +got):\n%s", err, last.body, cmp.Diff(want, got))
		}
		got, last = map[string]signalState{}, a
		for _, s := range r.Live.Signals {
			got[s.Name] = s.signalState
		}
		if cmp.Equal(want, got) {
			return
		}
		after = "?after=" + url.QueryEscape(r.Mark)
	}
}

// goSDK emits the turns with OpenTelemetry's SDK for Go: traces and logs over
// HTTP, metrics over HTTP in one arm and over gRPC in the other.
func goSDK(t *testing.T, p *plane, flag, build string, turns []turn) {
	t.Helper()
	ctx := t.Context()
	from := resource.NewSchemaless(
		attribute.String("service.name", "support"), attribute.String("service.version", build),
		attribute.String("deployment.environment.name", environment),
	)
	token := map[string]string{"Authorization": backendToken}
	spans, err1 := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(p.url+"/v1/traces"), otlptracehttp.WithHeaders(token))
	logs, err2 := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(p.url+"/v1/logs"), otlploghttp.WithHeaders(token))
	var metrics sdkmetric.Exporter
	var err3 error
	if build == candidate {
		metrics, err3 = otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(p.url+"/v1/metrics"), otlpmetrichttp.WithHeaders(token))
	} else {
		metrics, err3 = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(p.grpc), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithHeaders(token))
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	tracing := sdktrace.NewTracerProvider(sdktrace.WithResource(from), sdktrace.WithBatcher(spans))
	logging := sdklog.NewLoggerProvider(sdklog.WithResource(from), sdklog.WithProcessor(sdklog.NewBatchProcessor(logs)))
	metering := sdkmetric.NewMeterProvider(sdkmetric.WithResource(from), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)),
		sdkmetric.WithView(sdkmetric.NewView(sdkmetric.Instrument{Name: "gen_ai.*"},
			sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}})))
	duration, err := metering.Meter("support").Float64Histogram("gen_ai.workflow.duration", metric.WithUnit("s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range turns {
		converse(ctx, tracing.Tracer("support"), logging.Logger("support"), flag, one)
		duration.Record(ctx, 1.2, metric.WithAttributes(attribute.String("feature_flag.key", flag), attribute.String("feature_flag.result.variant", one.Arm)))
	}
	if err := errors.Join(tracing.Shutdown(ctx), logging.Shutdown(ctx), metering.Shutdown(ctx)); err != nil {
		t.Fatal(err)
	}
}

// converse is one turn, as the conventions for generative systems record it.
func converse(ctx context.Context, tracer trace.Tracer, logger log.Logger, flag string, one turn) {
	ctx, agent := tracer.Start(ctx, "invoke_agent support", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "invoke_agent"), attribute.String("gen_ai.conversation.id", one.Unit)))
	event(ctx, logger, "feature_flag.evaluation",
		attribute.String("feature_flag.key", flag), attribute.String("feature_flag.result.variant", one.Arm),
		attribute.String("feature_flag.result.reason", "split"), attribute.String("feature_flag.context.id", one.Unit))
	_, retrieval := tracer.Start(ctx, "retrieval kb", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "retrieval"), attribute.String("gen_ai.retrieval.documents", `[{"id":"doc-1","score":0.9}]`)))
	retrieval.End()
	agent.SetAttributes(attribute.String("gen_ai.output.messages",
		`[{"role":"assistant","parts":[{"type":"text","content":"Refunds take 5 days [`+one.Cites+`]."}],"finish_reason":"stop"}]`))
	event(ctx, logger, "gen_ai.evaluation.result", attribute.String("gen_ai.evaluation.name", "task_done"), attribute.String("gen_ai.evaluation.score.label", "pass"))
	agent.End()
}

func event(ctx context.Context, logger log.Logger, name string, attrs ...attribute.KeyValue) {
	var r log.Record
	r.SetEventName(name)
	r.SetTimestamp(time.Now())
	r.AddAttributes(attrs...)
	logger.Emit(ctx, r)
}

// nodeSDK emits the turns with OpenTelemetry's SDK for Node.
func nodeSDK(t *testing.T, p *plane, flag, build string, turns []turn) {
	t.Helper()
	job, err := json.Marshal(map[string]any{
		"url": p.url, "token": backendToken, "flag": flag, "build": build, "environment": environment, "turns": turns,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "node", "testdata/opentelemetry.mjs", string(job)).CombinedOutput()
	if err != nil {
		t.Fatalf("the SDK: %v\n%s\nIts packages are installed by `make test`.", err, out)
	}
}

// freeAddress returns one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
