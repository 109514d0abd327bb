package control

import (
	"encoding/json"
	"fmt"
	"time"
)

// ParentOf returns what a resource is listed under, "" where its kind is listed
// as a whole. It is read from the document, whose hash is in the log, so that
// the column is an index and never a source: audit compares the two.
func ParentOf(kind string, doc []byte) (string, error) {
	parent, ok := parents[ResourceKind(kind)]
	if !ok {
		return "", nil
	}
	var in listed
	if err := json.Unmarshal(doc, &in); err != nil {
		return "", fmt.Errorf("decoding what a %s is listed under: %w", kind, err)
	}
	return parent(in), nil
}

// listed is the part of documents by which they are listed.
type listed struct {
	Project     string     `json:"project"`
	Environment string     `json:"environment"`
	EndedAt     *time.Time `json:"endedAt"`
	Watch       *struct {
		EndedAt *time.Time `json:"endedAt"`
	} `json:"watch"`
	Pin        *struct{}    `json:"pin"`
	ResolvedAt *time.Time   `json:"resolvedAt"`
	Principal  string       `json:"principal"`
	Type       string       `json:"type"`
	Account    string       `json:"account"`
	State      ReleaseState `json:"state"`
}

// parents has the kinds that are listed under something.
var parents = map[ResourceKind]func(listed) string{
	KindFlag:     func(d listed) string { return d.Project },
	KindFlagEnv:  func(d listed) string { return d.Environment },
	KindFavorite: func(d listed) string { return d.Principal },
	KindTag:      func(d listed) string { return d.Type },
	KindSession:  func(d listed) string { return d.Account },
	KindIncident: func(d listed) string {
		if d.ResolvedAt == nil {
			return incidentsOpen
		}
		return incidentsResolved
	},
	KindRelease: func(d listed) string {
		switch {
		case d.EndedAt != nil && (d.Watch != nil && d.Watch.EndedAt == nil || d.Pin != nil):
			return releasesServing
		case d.EndedAt != nil:
			return releasesClosed
		case d.State == Scheduled:
			return releasesScheduled
		}
		return releasesOpen
	},
	KindChangeRequest: func(d listed) string {
		if d.EndedAt != nil {
			return requestsClosed
		}
		return requestsOpen
	},
}
