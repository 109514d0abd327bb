package control

import (
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// Epoch is a stretch of a release's evidence in which what answered is the same:
// the build, its model, prompt, tools and index, the judges and the split. Each
// after the first leaves a record, and starts all statistics anew.
type Epoch struct {
	Number   int            `json:"number"` // from 2
	Since    time.Time      `json:"since"`  // when the gate first decided in it
	Changed  []string       `json:"changed"`
	Identity *gate.Identity `json:"identity,omitempty"`
}

// InEpoch tells whether the gate's last written decision was made in the epoch
// with a number; 0 is the first.
func (r Release) InEpoch(number int) bool {
	if r.Epoch == nil {
		return number <= 1
	}
	return r.Epoch.Number == number
}
