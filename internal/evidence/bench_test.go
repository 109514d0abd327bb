package evidence

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/lockflight/lockflight/internal/control"
)

// discard is a store that forgets: what is measured is everything before it.
type discard struct{ memory }

func (*discard) AppendEvidence(_ context.Context, now time.Time, batches []control.EvidenceBatch) error {
	for i := range batches {
		batches[i].Seq, batches[i].ReceivedAt = 1, now
	}
	return nil
}

func BenchmarkNDJSON(b *testing.B) {
	const lines = 1000
	w := newWorld(b)
	w.Ingest.store, w.appended = &discard{}, func([]string) {}
	body := strings.Repeat(line()+"\n", lines)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if res, err := w.NDJSON(b.Context(), backend("default"), "", 0, strings.NewReader(body)); err != nil || res.Accepted != lines {
			b.Fatal(res, err)
		}
	}
	b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "observations/s")
}

// BenchmarkLogs measures logs of which each second one is an exposure and each
// second one its outcome, beside a plain decode of the same bytes as floor.
func BenchmarkLogs(b *testing.B) {
	const records = 1000
	var all []record
	for i := range records / 2 {
		all = append(all,
			record{eventFlag, exposed.with(attrs{"feature_flag.context.id": strconv.Itoa(i)}), byte(i)},
			record{eventEvaluation, passing.with(attrs{"lockflight.unit": strconv.Itoa(i)}), byte(i)})
	}
	body, err := plogotlp.NewExportRequestFromLogs(logsOf(b, service, all...)).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := plogotlp.NewExportRequest().UnmarshalProto(body); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("ingest", func(b *testing.B) {
		w := newWorld(b)
		w.Ingest.store, w.appended = &discard{}, func([]string) {}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := w.Logs(b.Context(), backend("default"), protobufType, "", bytes.NewReader(body)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
