package sdk

import "time"

// Stats is what a client knows of itself, for a metrics page or a test.
// Numbers of things dropped or rejected only grow.
type Stats struct {
	Source Source        // of what is served
	Seq    int64         // of what is served; 0 where its source named none
	Since  time.Time     // when it began to be served
	Age    time.Duration // since the server last confirmed it, see Explanation
	Stale  bool          // Age is over Options.StaleAfter

	ObservationsQueued   int    // waiting to be sent
	ObservationsSent     uint64 // taken by the server
	ObservationsDropped  uint64 // the queue was full, or the server refused the request
	ObservationsRejected uint64 // invalid, or rejected by the server one by one
	ExposuresForgotten   uint64 // units whose exposure may be reported again
	UnknownDropped       uint64 // checks of unknown flags that were not counted: too many names
	ChecksRefused        uint64 // checks in usage reports that the server refused
	ReceiptsDropped      uint64
}

// Stats returns the client's present state.
func (c *Client) Stats() Stats {
	s := c.state.Load()
	c.metrics.mu.Lock()
	refused := c.metrics.refused
	c.metrics.mu.Unlock()
	return Stats{
		Source: s.source, Seq: s.seq, Since: s.at, Age: c.age(), Stale: c.stale.Load(),
		ObservationsQueued:   c.evidence.queued(),
		ObservationsSent:     c.evidence.sent.Load(),
		ObservationsDropped:  c.evidence.dropped.Load(),
		ObservationsRejected: c.evidence.rejected.Load(),
		ExposuresForgotten:   c.exposed.forgotten.Load(),
		UnknownDropped:       c.metrics.unknown.dropped.Load(),
		ChecksRefused:        refused,
		ReceiptsDropped:      c.metrics.receipts.dropped.Load(),
	}
}

// Usage returns the checks that are counted and not yet reported, by flag.
// Offline that is all of them. Those of a report that is under way are not in
// it, unless it fails.
func (c *Client) Usage() map[string]Count { return c.metrics.usage() }
