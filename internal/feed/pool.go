package feed

import (
	"bytes"

	"github.com/lockflight/lockflight/sdk/eval"
)

// pool shares the documents of flags that nobody has configured: such a flag
// looks the same in every environment, and most flags are configured in few.
// It is guarded by Hub.following.
type pool map[string]*flag

// flag returns a flag's document, one that is there already where it can.
func (p pool) flag(in eval.Flag) *flag {
	f := newFlag(in)
	if len(in.Strategies) > 0 {
		return f
	}
	if known := p[f.Name]; known != nil && bytes.Equal(known.json, f.json) {
		return known
	}
	p[f.Name] = f
	return f
}
