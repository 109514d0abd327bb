package unleash

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// moment is a time as SDKs send it: RFC 3339, or milliseconds since 1970.
type moment struct{ time.Time }

// UnmarshalJSON reads either form; null leaves m as it is.
func (m *moment) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	s := string(b)
	if b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	t, err := parseMoment(s)
	m.Time = t
	return err
}

// parseMoment reads RFC 3339, or whole milliseconds since 1970.
func parseMoment(s string) (time.Time, error) {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, errors.New("must be a time such as 2026-11-22T10:00:00Z, or whole milliseconds since 1970")
}

// How far a client's clock, or its spool, may be away from the server's.
const (
	oldest = 30 * 24 * time.Hour
	newest = 24 * time.Hour
)

// plausible refuses times that would put counts where nobody looks.
func (m moment) plausible(field string, now time.Time) error {
	switch {
	case m.IsZero():
		return control.Invalidf(field, "is missing")
	case m.Before(now.Add(-oldest)):
		return control.Invalidf(field, "is more than 30 days ago")
	case m.After(now.Add(newest)):
		return control.Invalidf(field, "is more than a day ahead of the server's clock")
	}
	return nil
}
