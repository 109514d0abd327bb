package native

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// StoredVerdict is a verdict with all that is needed to make it again.
type StoredVerdict struct {
	ID             string              `json:"id"`
	Release        string              `json:"release"`
	Flag           string              `json:"flag"`
	Environment    string              `json:"environment"`
	Build          string              `json:"build"`
	At             time.Time           `json:"at"`
	By             string              `json:"by"`
	Milestone      int                 `json:"milestone"`
	Verdict        gate.Verdict        `json:"verdict"`
	Reason         string              `json:"reason"`
	Also           []string            `json:"also,omitempty"`
	Signals        []gate.SignalStatus `json:"signals,omitempty"`
	SRMLogE        *float64            `json:"srm_log_e,omitempty"`
	Policy         json.RawMessage     `json:"policy,omitempty" doc:"canonical JSON"`
	PolicySHA256   string              `json:"policy_sha256,omitempty"`
	Snapshot       json.RawMessage     `json:"snapshot,omitempty"`
	State          json.RawMessage     `json:"state,omitempty"`
	Evidence       json.RawMessage     `json:"evidence,omitempty" doc:"the stored document that snapshot_sha256 names"`
	SnapshotSHA256 string              `json:"snapshot_sha256,omitempty"`
}

// VerdictList is a page of the verdicts of a release, the oldest first.
type VerdictList struct {
	Verdicts []Verdict `json:"verdicts"`
	Next
}

type verdictQuery struct {
	ReleaseID
	Page
}

// verdictPages go by the release's revisions, which end the ids.
var verdictPages = pager[control.Verdict]{list: "verdicts", key: func(v control.Verdict) string {
	_, rev, _ := strings.Cut(v.ID, ".")
	n, _ := strconv.ParseInt(rev, 10, 64)
	return sortable(n)
}}

func (a api) verdicts(h huma.API) {
	route(a, h, get("/releases/{id}/verdicts", "listVerdicts", "List the verdicts of a release"),
		func(ctx context.Context, p control.Principal, in *verdictQuery) (VerdictList, error) {
			all, err := a.Service.Verdicts(ctx, p, in.ID)
			if err != nil {
				return VerdictList{}, err
			}
			out := VerdictList{Verdicts: []Verdict{}}
			part, next, err := verdictPages.cut(in.Page, all)
			out.Next = next
			for _, v := range part {
				out.Verdicts = append(out.Verdicts, Verdict{ID: v.ID, Decision: v.Decision, At: v.At, By: v.By, Milestone: v.Milestone})
			}
			return out, err
		})
	route(a, h, get("/verdicts/{id}", "getVerdict", "Get a verdict with what it was made on"),
		func(ctx context.Context, p control.Principal, in *ReleaseID) (StoredVerdict, error) {
			v, err := a.Service.Verdict(ctx, p, in.ID)
			if err != nil {
				return StoredVerdict{}, err
			}
			return stored(v)
		})
}

func stored(v control.VerdictView) (StoredVerdict, error) {
	out := StoredVerdict{
		ID: v.ID, Release: v.Release, Flag: v.Flag, Environment: v.Env, Build: v.Build, At: v.At, By: v.By,
		Milestone: v.Milestone, Verdict: v.Decision.Verdict, Reason: v.Reason, Also: v.Decision.Also,
		Signals: v.Decision.Signals, SRMLogE: v.Decision.SRMLogE,
		Policy: v.Policy, PolicySHA256: v.PolicySHA256, Evidence: v.Evidence, SnapshotSHA256: v.SnapshotSHA256,
	}
	if v.Evidence == nil {
		return out, nil
	}
	var parts struct {
		Snapshot, State json.RawMessage
	}
	err := json.Unmarshal(v.Evidence, &parts)
	out.Snapshot, out.State = parts.Snapshot, parts.State
	return out, err
}
