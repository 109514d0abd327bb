package evidence

import (
	"context"
	"io"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/lockflight/lockflight/internal/control"
)

// Logs takes the body of POST /v1/logs: application/x-protobuf or
// application/json, plain or gzip. What it returns is durable. The answer is
// to be sent as it is, with status 200 or, beside an error, with the error's
// own status; it is never empty but for a protobuf success.
func (in *Ingest) Logs(ctx context.Context, p control.Principal, contentType, contentEncoding string, body io.Reader) (answer []byte, answerType string, err error) {
	req := plogotlp.NewExportRequest()
	return in.export(ctx, p, payload{contentType, contentEncoding, body}, req, (*telemetry).record, func(t *telemetry) exportResponse {
		res := plogotlp.NewExportResponse()
		refused, why := t.partial()
		res.PartialSuccess().SetRejectedLogRecords(refused)
		res.PartialSuccess().SetErrorMessage(why)
		return res
	})
}

// Traces takes the body of POST /v1/traces, as Logs does.
func (in *Ingest) Traces(ctx context.Context, p control.Principal, contentType, contentEncoding string, body io.Reader) (answer []byte, answerType string, err error) {
	req := ptraceotlp.NewExportRequest()
	return in.export(ctx, p, payload{contentType, contentEncoding, body}, req, (*telemetry).span, func(t *telemetry) exportResponse {
		res := ptraceotlp.NewExportResponse()
		refused, why := t.partial()
		res.PartialSuccess().SetRejectedSpans(refused)
		res.PartialSuccess().SetErrorMessage(why)
		return res
	})
}

// Metrics takes the body of POST /v1/metrics, as Logs does. A data point has no
// unit, so it must name its arm; it is evidence for signals whose source is its
// metric (ADR 25).
func (in *Ingest) Metrics(ctx context.Context, p control.Principal, contentType, contentEncoding string, body io.Reader) (answer []byte, answerType string, err error) {
	req := pmetricotlp.NewExportRequest()
	return in.export(ctx, p, payload{contentType, contentEncoding, body}, req, (*telemetry).metric, func(t *telemetry) exportResponse {
		res := pmetricotlp.NewExportResponse()
		refused, why := t.partial()
		res.PartialSuccess().SetRejectedDataPoints(refused)
		res.PartialSuccess().SetErrorMessage(why)
		return res
	})
}

// export reads a request item by item, turns what it holds into observations,
// and stores these. Items that cannot be used are a partial success, as OTLP
// calls it.
func (in *Ingest) export(ctx context.Context, p control.Principal, pl payload, req exportRequest, read func(*telemetry, []byte) error, answer func(*telemetry) exportResponse) ([]byte, string, error) {
	media, err := pl.media()
	if err != nil {
		return failure(err, media)
	}
	if err := mayWrite(p); err != nil {
		return failure(err, media)
	}
	share, err := in.admission.admit()
	if err != nil {
		return failure(err, media)
	}
	defer share.giveBack()
	scratch, _ := scratches.Get().(*scratch) // the pool holds nothing else
	defer scratch.putBack()
	data, err := pl.read(share, &scratch.body)
	if err != nil {
		return failure(err, media)
	}
	t, err := in.newTelemetry(ctx, p, scratch)
	if err != nil {
		return failure(err, media)
	}
	if err := in.turn(ctx, int64(len(data)), func() error { return t.take(media, data, req, read) }); err != nil {
		return failure(err, media)
	}
	if err := t.commit(ctx, sender{}); err != nil {
		return failure(err, media)
	}
	return encode(answer(t), media)
}

// turn calls use when it is its turn: what is being read at once has at most
// MaxBody bytes on the wire.
func (in *Ingest) turn(ctx context.Context, size int64, use func() error) error {
	if err := in.decoding.Acquire(ctx, size); err != nil {
		return err
	}
	defer in.decoding.Release(size)
	return use()
}

// take reads a request. JSON is turned into protobuf first: there is one
// reader.
func (t *telemetry) take(media string, data []byte, req exportRequest, read func(*telemetry, []byte) error) error {
	var err error
	if media == jsonType {
		if err = req.UnmarshalJSON(data); err == nil {
			data, err = req.MarshalProto()
		}
	}
	if err == nil {
		err = t.request(data, func(item []byte) error { return read(t, item) })
	}
	if err != nil {
		return control.Invalidf("body", "is not an OTLP export request in %s: %v", media, err)
	}
	t.join()
	return nil
}
