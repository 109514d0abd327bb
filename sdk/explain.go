package sdk

import (
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Explanation says how a flag is decided for a context, and on what data.
type Explanation struct {
	eval.Explanation

	// Release is the running release of the flag and the context's arm in it,
	// nil where there is none or the context is not eligible.
	Release *eval.Assignment `json:"release,omitempty"`
	Source  Source           `json:"source"`
	// Seq is the configuration's sequence number, 0 where its source named
	// none.
	Seq int64 `json:"seq"`
	// Age is how long ago the server last confirmed that the configuration is
	// its present one, or the backup was written. Before the first
	// confirmation of a bootstrap it is the time since New.
	Age time.Duration `json:"age"`
}

// Explain says how Bool and Variant decide a flag for ec, and why. It is for
// people: it allocates, and it neither counts nor reports an exposure.
func (c *Client) Explain(flag string, ec *eval.Context) Explanation {
	s := c.state.Load()
	e := Explanation{Explanation: s.set.Explain(flag, ec), Source: s.source, Seq: s.seq, Age: c.age()}
	if a, ok := s.set.Assign(flag, ec); ok {
		e.Release = &a
	}
	return e
}
