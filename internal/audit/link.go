package audit

import (
	"encoding/json"
	"fmt"
)

// link is the part of a Record that has to fit with other records.
type link struct {
	V       int      `json:"v"`
	Seq     int64    `json:"seq"`
	TS      string   `json:"ts"`
	Outcome string   `json:"outcome"`
	Res     Resource `json:"res"`
	Dec     struct {
		Evidence string `json:"evidence"`
	} `json:"dec"`
}

func decodeLink(record []byte) (link, error) {
	var l link
	if len(record) > MaxRecord {
		return l, fmt.Errorf("%d bytes, at most %d", len(record), MaxRecord)
	}
	l, ok := scanLink(string(record))
	if !ok {
		l = link{}
		if err := json.Unmarshal(record, &l); err != nil {
			return l, err
		}
	}
	if l.V != Version {
		return l, fmt.Errorf("version %d, not %d", l.V, Version)
	}
	return l, nil
}

// time checks a record's time, and returns it in milliseconds since 1970.
func (v *verifier) time(seq int64, ts string) int64 {
	at, err := ParseTime(ts)
	switch {
	case err != nil:
		v.report.add(FaultRecord, seq, "%v", err)
		return 0
	case at.Before(v.newest.Add(-MaxSkew)):
		v.report.add(FaultTime, seq, "%s, %s before an earlier record", ts, v.newest.Sub(at))
	case at.After(v.newest):
		v.newest = at
	}
	return at.UnixMilli()
}
