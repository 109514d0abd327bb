package gate

import (
	"encoding/json"
	"strings"
	"time"
)

// Duration is a time.Duration that is written as in a policy: "15m", "1h30m".
type Duration time.Duration

// String returns the shortest form that time.ParseDuration reads: "4h", not
// "4h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Seconds returns the duration in seconds.
func (d Duration) Seconds() float64 { return time.Duration(d).Seconds() }

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a string such as "90s"; a bare number has no unit and
// is an error.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return wrongField("", `want a duration such as "15m" or "1h30m", have `+string(b))
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return wrongField("", `want a duration such as "15m" or "1h30m", have `+string(b))
	}
	*d = Duration(v)
	return nil
}
