// Emits turns of a conversation with OpenTelemetry's SDK for Node, unchanged:
// traces and metrics and logs over OTLP/HTTP, as JSON and as protobuf.
import { metrics, trace } from "@opentelemetry/api";
import { logs } from "@opentelemetry/api-logs";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { AggregationType, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";

const job = JSON.parse(process.argv[2]);
const to = (signal) => ({ url: `${job.url}/v1/${signal}`, headers: { Authorization: job.token } });
const sdk = new NodeSDK({
  autoDetectResources: false,
  resource: resourceFromAttributes({
    "service.name": "support",
    "service.version": job.build,
    "deployment.environment.name": job.environment,
  }),
  traceExporter: new OTLPTraceExporter(to("traces")),
  logRecordProcessors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(to("logs")) })],
  metricReaders: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(to("metrics")) })],
  views: [{ instrumentName: "gen_ai.*", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
});
sdk.start();

const tracer = trace.getTracer("support");
const logger = logs.getLogger("support");
const duration = metrics.getMeter("support").createHistogram("gen_ai.workflow.duration", { unit: "s" });

for (const turn of job.turns) {
  const arm = { "feature_flag.key": job.flag, "feature_flag.result.variant": turn.arm };
  tracer.startActiveSpan(
    "invoke_agent support",
    { attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": turn.unit } },
    (agent) => {
      logger.emit({
        eventName: "feature_flag.evaluation",
        attributes: { ...arm, "feature_flag.result.reason": "split", "feature_flag.context.id": turn.unit },
      });
      tracer.startSpan("retrieval kb", {
        attributes: {
          "gen_ai.operation.name": "retrieval",
          "gen_ai.retrieval.documents": JSON.stringify([{ id: "doc-1", score: 0.9 }]),
        },
      }).end();
      agent.setAttribute(
        "gen_ai.output.messages",
        JSON.stringify([{ role: "assistant", parts: [{ type: "text", content: `Refunds take 5 days [${turn.cites}].` }] }]),
      );
      logger.emit({
        eventName: "gen_ai.evaluation.result",
        attributes: { "gen_ai.evaluation.name": "task_done", "gen_ai.evaluation.score.label": "pass" },
      });
      agent.end();
    },
  );
  duration.record(1.2, arm);
}
await sdk.shutdown();
