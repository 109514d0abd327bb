package sdk

import (
	"encoding/json"
	"time"
)

// observation is one line of native evidence: an exposure, or an outcome of a
// case. The server drops repeats of an id, so that a batch may be sent again.
type observation struct {
	ID          string    `json:"id"`
	At          time.Time `json:"at"`
	Environment string    `json:"environment"`
	Flag        string    `json:"flag"`
	Arm         string    `json:"arm"`
	Unit        string    `json:"unit"`
	Case        string    `json:"case,omitempty"`
	Build       string    `json:"build"`
	Signal      string    `json:"signal"`
	Pass        *bool     `json:"pass,omitempty"`
	Value       *float64  `json:"value,omitempty"`
	NA          bool      `json:"na,omitempty"`
	Severity    string    `json:"severity,omitempty"`
}

// appendLine appends o as a line of NDJSON.
func (o *observation) appendLine(lines []byte) ([]byte, error) {
	line, err := json.Marshal(o)
	if err != nil {
		return lines, err
	}
	return append(append(lines, line...), '\n'), nil
}
