package evidence

import (
	"bytes"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"pgregory.net/rapid"
)

// What is read from the wire is what the collector's decoder says is on it.
func TestWireAgreesWithPdata(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := pcommon.NewMap()
		for range rapid.IntRange(0, 12).Draw(rt, "attributes") {
			name := rapid.OneOf(rapid.SampledFrom(attrNames[:]), rapid.StringN(0, 4, 8)).Draw(rt, "name")
			putAny(rt, m.PutEmpty(name))
		}
		all := logsOf(t, attrs{})
		rec := all.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
		m.CopyTo(rec.Attributes())
		body, err := plogotlp.NewExportRequestFromLogs(all).MarshalProto()
		if err != nil {
			rt.Fatal(err)
		}
		tel := &telemetry{batch: &batch{}, scratch: &scratch{}}
		var got attributes
		err = tel.request(body, func(item []byte) error {
			const attributesOfARecord = 6
			return each(item, attributesOfARecord, func(kv []byte) error { return tel.wire.attribute(kv, &got) })
		})
		if err != nil {
			rt.Fatal(err)
		}
		for a := range attrCount {
			want, ok := m.Get(a.String())
			v := got.get(a)
			switch {
			case (v != nil) != ok:
				rt.Fatalf("%s: there %v, want %v", a, v != nil, ok)
			case !ok || want.Type() == pcommon.ValueTypeEmpty:
			case v.identifies() != identified(want):
				rt.Fatalf("%s: %q, want %q", a, v.identifies(), identified(want))
			}
		}
	})
}

func putAny(rt *rapid.T, v pcommon.Value) {
	switch rapid.IntRange(0, 6).Draw(rt, "type") {
	case 0:
		v.SetStr(rapid.String().Draw(rt, "text"))
	case 1:
		v.SetInt(rapid.Int64().Draw(rt, "int"))
	case 2:
		v.SetDouble(rapid.Float64().Draw(rt, "double"))
	case 3:
		v.SetBool(rapid.Bool().Draw(rt, "bool"))
	case 4:
		v.SetEmptySlice().AppendEmpty().SetStr("in a list")
	case 5:
		v.SetEmptyMap().PutStr("key", "in a map")
	case 6: // empty
	}
}

func identified(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr, pcommon.ValueTypeInt, pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
		return v.AsString()
	default:
		return ""
	}
}

// Bytes that are no request are refused or hold nothing of ours, and nothing
// of them is stored.
func FuzzWire(f *testing.F) {
	logs, err := plogotlp.NewExportRequestFromLogs(logsOf(f, service, record{eventFlag, exposed, 1}, record{eventEvaluation, passing, 1})).MarshalProto()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(logs)
	f.Add(logs[:len(logs)-3])
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld(t)
		_, _, err := w.Traces(t.Context(), backend("default"), protobufType, "", bytes.NewReader(body))
		whole := ptraceotlp.NewExportRequest().UnmarshalProto(body)
		if err != nil && whole == nil {
			t.Fatalf("refused what the collector reads: %v", err)
		}
		if _, _, err := w.Logs(t.Context(), backend("default"), protobufType, "", bytes.NewReader(body)); err != nil && len(w.store.lines) > 0 {
			t.Fatalf("stored %q of a broken request", w.store.lines)
		}
	})
}
