package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// contenders are the floor, the reading of evidence, and the reading with the
// store behind it.
func contenders(ctx context.Context, db *store.DB) ([]rounds.Contender, error) {
	var data [3][][]byte
	for i, one := range []func(*world, int) ([]byte, error){spans, records, lines} {
		var err error
		if data[i], err = ring(one); err != nil {
			return nil, err
		}
	}
	if err := prove(ctx, data); err != nil {
		return nil, err
	}
	ours := func(name string, s control.EvidenceStore) rounds.Contender {
		in := newWorld().ingest(s)
		return rounds.Contender{Name: name, Cases: map[string]rounds.Loop{
			asSpans: loop(data[0], otlp(ctx, in.Traces)),
			asLogs:  loop(data[1], otlp(ctx, in.Logs)),
			asLines: rounds.Parallel(loop(data[2], native(ctx, in))),
		}}
	}
	return []rounds.Contender{
		{Name: decoding, Cases: map[string]rounds.Loop{
			asSpans: loop(data[0], func(b []byte) error { return ptraceotlp.NewExportRequest().UnmarshalProto(b) }),
			asLogs:  loop(data[1], func(b []byte) error { return plogotlp.NewExportRequest().UnmarshalProto(b) }),
		}},
		ours(reading, forgetful{}),
		ours(durable, db),
		{Name: folding, Cases: map[string]rounds.Loop{asLines: rounds.Parallel(fold(data[2]))}},
	}, nil
}

// prove makes sure that what is measured is evidence: of each first body every
// observation counts, and of spans their durations too.
func prove(ctx context.Context, data [3][][]byte) error {
	in := newWorld().ingest(forgetful{})
	for i, use := range []func([]byte) error{otlp(ctx, in.Traces), otlp(ctx, in.Logs), native(ctx, in)} {
		if err := use(data[i][0]); err != nil {
			return err
		}
	}
	const want = perBody + perBody/spanEvents + perBody + perBody
	counts := in.Counts(newWorld().view.ID)
	if len(counts) != 1 || counts[evidence.Accepted] != want {
		return fmt.Errorf("of %d observations count %v", want, counts)
	}
	return nil
}

// loop hands bodies to use until they carried n observations.
func loop(data [][]byte, use func([]byte) error) rounds.Loop {
	var next atomic.Int64
	return func(n int) {
		for range (n + perBody - 1) / perBody {
			if err := use(data[int(next.Add(1))%len(data)]); err != nil {
				panic(err) // a measurement of failures is none
			}
		}
	}
}

type take func(ctx context.Context, p control.Principal, contentType, contentEncoding string, body io.Reader) ([]byte, string, error)

func otlp(ctx context.Context, fn take) func([]byte) error {
	from := sender()
	return func(b []byte) error {
		_, _, err := fn(ctx, from, "application/x-protobuf", "", bytes.NewReader(b))
		return err
	}
}

func native(ctx context.Context, in *evidence.Ingest) func([]byte) error {
	from := sender()
	return func(b []byte) error {
		_, err := in.NDJSON(ctx, from, "", 0, bytes.NewReader(b))
		return err
	}
}

// fold is what the runner does with the lines: all bodies into one ledger.
func fold(data [][]byte) rounds.Loop {
	return func(n int) {
		ledger := gate.NewLedger(gate.DefaultPolicy(), gate.LedgerOptions{Candidate: build, Flag: flagName, Environment: environment})
		now := time.Now()
		for i := range (n + perBody - 1) / perBody {
			for line := range bytes.Lines(data[i%len(data)]) {
				ledger.Add(line, now)
			}
		}
	}
}
