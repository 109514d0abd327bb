package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// evidenceInputs are good with one thing wrong.
func evidenceInputs(good observation) []badInput {
	good.Signal, good.Pass = "task_success_rate", new(true)
	send := func(name, body string, status int, field string) badInput {
		return badInput{
			"evidence: " + name,
			request{method: "POST", path: "/api/v1/evidence", token: backendToken, contentType: "application/x-ndjson", body: []byte(body)},
			status, field,
		}
	}
	line := func(key, value string) string {
		var doc map[string]json.RawMessage
		_ = json.Unmarshal(ndjson([]observation{good}), &doc) // what was just encoded
		doc[key] = json.RawMessage(value)
		var fields []string
		for k, v := range doc {
			fields = append(fields, fmt.Sprintf("%q:%s", k, v))
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	at := func(d time.Duration) string { return `"` + time.Now().Add(d).Format(time.RFC3339) + `"` }
	typed := send("another media type", line("unit", `"u"`), 415, "Content-Type")
	typed.request.contentType = "application/json"
	numbered := send("a number that is none", line("unit", `"u"`), 400, "Lockflight-Sequence")
	numbered.request.headers = map[string]string{"Lockflight-Source": "s", "Lockflight-Sequence": "-1"}
	return []badInput{
		typed,
		numbered,
		send("no line", ``, 400, "body"),
		send("half a line", `{"at":`, 400, "at"),
		send("a list", `[]`, 400, "line 1"),
		send("not text", "\x00\xff", 400, "line 1"),
		send("an unknown key", line("nope", `1`), 400, "nope"),
		send("a text for a truth value", line("pass", `"yes"`), 400, "pass"),
		send("NaN", line("value", `NaN`), 400, "value"),
		send("a negative value", line("value", `-1`), 400, "value"),
		send("a number for a time", line("at", `5`), 400, "at"),
		send("a time without a zone", line("at", `"2026-11-22T10:00:00"`), 400, "at"),
		send("the future", line("at", at(6*time.Minute)), 400, "at"),
		send("long ago", line("at", at(-25*time.Hour)), 400, "at"),
		send("the year 1", line("at", `"0001-01-01T00:00:00Z"`), 400, "at"),
		send("no arm", line("arm", `"both"`), 400, "arm"),
		send("the other arm", line("arm", `"`+other(good.Arm)+`"`), 400, "arm"),
		send("no unit", line("unit", `""`), 400, "unit"),
		send("an unknown signal", line("signal", `"nope"`), 400, "signal"),
		send("a flag without a release", line("flag", `"plain"`), 400, "flag"),
		send("another environment", line("environment", `"production"`), 400, "environment"),
		send("10 MB in lines", strings.Repeat(line("unit", `"u"`)+"\n", 10_000_000/len(line("unit", `"u"`))), 413, "body"),
		send("10 MB in a line", line("unit", `"`+huge+`"`), 413, "body"),
	}
}

func other(arm string) string {
	if arm == eval.Treatment {
		return eval.Control
	}
	return eval.Treatment
}

// otlpInputs are refused whole with a status, and otherwise item by item, as
// OTLP has it: 200 with a partial success that says why.
func otlpInputs(f flight) []badInput {
	send := func(name, path, body string, status int, field string) badInput {
		return badInput{"OTLP: " + name, request{method: "POST", path: path, token: backendToken, body: []byte(body)}, status, field}
	}
	var out []badInput
	for _, path := range []string{"/v1/traces", "/v1/logs", "/v1/metrics"} {
		garbage := send("garbage in protobuf to "+path, path, "\xff\xff\xff", 400, "body")
		garbage.request.contentType = "application/x-protobuf"
		encoded := send("an unknown encoding to "+path, path, "x", 400, "Content-Encoding")
		encoded.request.headers = map[string]string{"Content-Encoding": "br"}
		zipped := send("what is not gzip to "+path, path, "x", 400, "body")
		zipped.request.headers = map[string]string{"Content-Encoding": "gzip"}
		typed := send("another media type to "+path, path, "x", 415, "Content-Type")
		typed.request.contentType = "text/plain"
		out = append(out, garbage, encoded, zipped, typed,
			send("nothing to "+path, path, ``, 400, "body"),
			send("half a body to "+path, path, `{"a":`, 400, "body"),
			send("a wrong type to "+path, path, `{"resourceSpans":5,"resourceLogs":5,"resourceMetrics":5}`, 400, "body"),
			send("10 MB to "+path, path, huge, 413, "body"),
		)
	}
	evaluation := func(nanos string) string {
		return fmt.Sprintf(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":%q,"eventName":"feature_flag.evaluation","attributes":[
			{"key":"feature_flag.key","value":{"stringValue":%q}},{"key":"feature_flag.result.reason","value":{"stringValue":"split"}},
			{"key":"feature_flag.context.id","value":{"stringValue":"u"}},{"key":"service.version","value":{"stringValue":%q}}]}]}]}]}`,
			nanos, f.flag, candidate)
	}
	at := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).UnixNano(), 10) }
	return append(out,
		send("a time that is NaN", "/v1/logs", evaluation("NaN"), 400, "body"),
		send("a negative time", "/v1/logs", evaluation("-5"), 400, "body"),
		send("the future", "/v1/logs", evaluation(at(6*time.Minute)), 200, "timestamp"),
		send("long ago", "/v1/logs", evaluation(at(-25*time.Hour)), 200, "timestamp"),
	)
}
