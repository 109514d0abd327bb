package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// keyed are attributes of OTLP: text, and numbers as OTLP's JSON has NaN too.
type keyed map[string]any

// MarshalJSON writes them as a list of KeyValue.
func (k keyed) MarshalJSON() ([]byte, error) {
	list := []map[string]any{}
	for key, v := range k {
		kind := "stringValue"
		if number, is := v.(score); is {
			kind, v = "doubleValue", string(number)
		}
		list = append(list, map[string]any{"key": key, "value": map[string]any{kind: v}})
	}
	return json.Marshal(list)
}

// score is a number as JSON text has it, or NaN.
type score string

// logRecord is an event of one trace.
type logRecord struct {
	TimeUnixNano string `json:"timeUnixNano"`
	TraceID      string `json:"traceId"`
	EventName    string `json:"eventName"`
	Attributes   keyed  `json:"attributes"`
}

func (f flight) record(at time.Time, unit int, event string, attributes keyed) logRecord {
	return logRecord{strconv.FormatInt(at.UnixNano(), 10), fmt.Sprintf("%032x", unit+1), event, attributes}
}

// exposed is the event of an evaluation of the flight's flag.
func (f flight) exposed(at time.Time, number int, o observation) logRecord {
	return f.record(at, number, "feature_flag.evaluation", keyed{
		"feature_flag.key": f.flag, "feature_flag.result.reason": "split", "feature_flag.result.variant": o.Arm,
		"feature_flag.context.id": o.Unit, "lockflight.build.id": o.Build,
	})
}

// evaluated is the event of an evaluation of a case of the same trace.
func (f flight) evaluated(at time.Time, number int, name string, result keyed) logRecord {
	result["gen_ai.evaluation.name"] = name
	result["feature_flag.key"] = f.flag
	return f.record(at, number, "gen_ai.evaluation.result", result)
}

// export sends log records with the backend token, as a stock exporter does.
func (p *plane) export(t *testing.T, records []logRecord) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"resourceLogs": []any{map[string]any{
		"resource":  map[string]any{"attributes": keyed{"deployment.environment.name": environment}},
		"scopeLogs": []any{map[string]any{"logRecords": records}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.send(t.Context(), request{method: http.MethodPost, path: "/v1/logs", token: backendToken, contentType: "application/json", body: body})
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("POST /v1/logs = %d %s, %v", a.status, a.body, err)
	}
}
