package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxObservations is how many wait to be sent, at most: about 4 MB.
	maxObservations = 16384
	// maxBatch bounds a request, in observations and in bytes; the server
	// takes 8 MiB.
	maxBatch      = 1000
	maxBatchBytes = 1 << 20
)

// evidence queues observations and sends them in batches. Adding never waits
// for the network: what finds the queue full is dropped and counted.
type evidence struct {
	source string // the first part of every observation's id
	api    *api
	logger *slog.Logger

	mu    sync.Mutex // guards queue
	queue []observation

	batch []byte // what a failed request was to deliver; guarded by Client.sending
	lines int    // in batch

	numbered, sent, dropped, rejected atomic.Uint64
}

// add queues o, numbered and dated. It reports false where it was dropped.
func (e *evidence) add(o observation) bool {
	o.At = time.Now().UTC()
	o.ID = e.source + "-" + strconv.FormatUint(e.numbered.Add(1), 10)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) >= maxObservations {
		e.dropped.Add(1)
		return false
	}
	e.queue = append(e.queue, o)
	return true
}

// queued returns how many observations wait, those of a batch that failed
// not counted.
func (e *evidence) queued() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.queue)
}

// send delivers what is queued. A batch that the server could not take stays
// and goes first the next time; one that it refuses is dropped and counted.
func (e *evidence) send(ctx context.Context) error {
	for e.fill() {
		answer, err := e.api.post(ctx, "/api/v1/evidence", "application/x-ndjson", e.batch)
		if err != nil && !refused(err) {
			return fmt.Errorf("send evidence: %w", err)
		}
		lines := e.lines
		e.batch, e.lines = nil, 0
		if err != nil {
			e.dropped.Add(uint64(lines))
			return fmt.Errorf("send evidence, %d observations dropped: %w", lines, err)
		}
		e.account(ctx, lines, answer)
	}
	return nil
}

// fill makes the next batch, unless one is left from a failure. It reports
// false where there is nothing to send.
func (e *evidence) fill() bool {
	if e.lines > 0 {
		return true
	}
	e.mu.Lock()
	queue := e.queue[:min(len(e.queue), maxBatch)]
	e.mu.Unlock()
	// Others only append behind these, so that they can be read unlocked.
	taken := 0
	for i := range queue {
		lines, err := queue[i].appendLine(e.batch)
		if err != nil { // no value that Track admits leads here
			e.rejected.Add(1)
		} else {
			e.batch, e.lines = lines, e.lines+1
		}
		taken++
		if len(e.batch) >= maxBatchBytes {
			break
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.queue = e.queue[taken:]; len(e.queue) == 0 {
		e.queue = nil
	}
	return e.lines > 0
}

// account reads the server's answer to a batch: which lines it did not take.
func (e *evidence) account(ctx context.Context, lines int, answer []byte) {
	var receipt struct {
		Rejected []struct {
			Line  int    `json:"line"`
			Error string `json:"error"`
		} `json:"rejected"`
	}
	if err := json.Unmarshal(answer, &receipt); err != nil {
		e.logger.LogAttrs(ctx, slog.LevelDebug, "the answer to evidence is not JSON", slog.Any("error", err))
	}
	rejected := min(len(receipt.Rejected), lines)
	e.rejected.Add(uint64(rejected))
	e.sent.Add(uint64(lines - rejected))
	if rejected > 0 {
		e.logger.LogAttrs(ctx, slog.LevelWarn, "the server rejected observations",
			slog.Int("rejected", rejected), slog.Int("sent", lines), slog.String("first", receipt.Rejected[0].Error))
	}
}
