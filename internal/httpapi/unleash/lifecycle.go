package unleash

import (
	"net/http"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeLifecycle adds the stages of flags.
func (a *API) routeLifecycle(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + flagPath + "/lifecycle":             a.lifecycle,
		"POST " + flagPath + "/lifecycle/complete":   a.completeFlag,
		"POST " + flagPath + "/lifecycle/uncomplete": a.uncompleteFlag,
		"GET " + adminPath + "/lifecycle/count":      a.lifecycleCount,
		"GET " + projectPath + "/status":             a.projectStatus,
	})
}

// stageDoc is one of Unleash's featureLifecycleSchema.
type stageDoc struct {
	Stage          control.Stage `json:"stage"`
	EnteredStageAt time.Time     `json:"enteredStageAt"`
	Status         string        `json:"status,omitempty"`
}

func toStage(e control.StageEntry) stageDoc {
	return stageDoc{Stage: e.Stage, EnteredStageAt: e.EnteredAt, Status: e.Status}
}

// seenDoc is nil for what was never seen.
func seenDoc(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// lifecycle answers GET F/lifecycle.
func (a *API) lifecycle(w http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	stages, err := a.service.FlagLifecycle(r.Context(), caller(r), at.Project, at.Flag)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, each(stages, toStage))
}

// completeFlag answers POST F/lifecycle/complete.
func (a *API) completeFlag(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Status      string `json:"status"`
		StatusValue string `json:"statusValue"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	at := ref(r)
	return a.service.CompleteFlag(r.Context(), caller(r), at.Project, at.Flag, control.Completion{Status: in.Status, Variant: in.StatusValue})
}

// uncompleteFlag answers POST F/lifecycle/uncomplete.
func (a *API) uncompleteFlag(_ http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	return a.service.UncompleteFlag(r.Context(), caller(r), at.Project, at.Flag)
}

// lifecycleCount answers GET /api/admin/lifecycle/count.
func (a *API) lifecycleCount(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.StageFlags(r.Context(), caller(r), "")
	if err != nil {
		return err
	}
	s := summarize(all, a.now())
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Initial   int `json:"initial"`
		PreLive   int `json:"preLive"`
		Live      int `json:"live"`
		Completed int `json:"completed"`
		Archived  int `json:"archived"`
	}{s.Initial.CurrentFlags, s.PreLive.CurrentFlags, s.Live.CurrentFlags, s.Completed.CurrentFlags, s.Archived.CurrentFlags})
}

// stageSummary is how many flags are in a stage, and how many days those that
// were took, or have taken so far: null where there are none.
type stageSummary struct {
	AverageDays  *float64 `json:"averageDays"`
	CurrentFlags int      `json:"currentFlags"`
}

// lifecycleSummary is that of Unleash's projectStatusSchema.
type lifecycleSummary struct {
	Initial   stageSummary `json:"initial"`
	PreLive   stageSummary `json:"preLive"`
	Live      stageSummary `json:"live"`
	Completed stageSummary `json:"completed"`
	Archived  struct {
		CurrentFlags int `json:"currentFlags"`
		Last30Days   int `json:"last30Days"`
	} `json:"archived"`
}

// summarize counts flags by stage.
func summarize(all []control.StageFlag, now time.Time) lifecycleSummary {
	var out lifecycleSummary
	by := map[control.Stage]*stageSummary{
		control.StageInitial: &out.Initial, control.StagePreLive: &out.PreLive, control.StageLive: &out.Live, control.StageCompleted: &out.Completed,
	}
	days, passed := map[control.Stage]float64{}, map[control.Stage]int{}
	for _, f := range all {
		last := f.Stages[len(f.Stages)-1]
		if last.Stage == control.StageArchived {
			out.Archived.CurrentFlags++
			if now.Sub(last.EnteredAt) <= 30*24*time.Hour {
				out.Archived.Last30Days++
			}
		} else {
			by[last.Stage].CurrentFlags++
		}
		for i, e := range f.Stages {
			left := now
			if i+1 < len(f.Stages) {
				left = f.Stages[i+1].EnteredAt
			}
			days[e.Stage] += left.Sub(e.EnteredAt).Hours() / 24
			passed[e.Stage]++
		}
	}
	for stage, s := range by {
		if n := passed[stage]; n > 0 {
			s.AverageDays = new(days[stage] / float64(n))
		}
	}
	return out
}

// statusDoc is Unleash's projectStatusSchema, but for its counts of activity by
// day and of members, which are not known here.
type statusDoc struct {
	Health struct {
		Current int `json:"current"`
	} `json:"health"`
	TechnicalDebt struct {
		Current int `json:"current"`
	} `json:"technicalDebt"`
	StaleFlags struct {
		Total int `json:"total"`
	} `json:"staleFlags"`
	LifecycleSummary lifecycleSummary `json:"lifecycleSummary"`
}

// projectStatus answers GET P/status.
func (a *API) projectStatus(w http.ResponseWriter, r *http.Request) error {
	h, err := a.service.ProjectHealth(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	all, err := a.service.StageFlags(r.Context(), caller(r), h.ID)
	if err != nil {
		return err
	}
	out := statusDoc{LifecycleSummary: summarize(all, a.now())}
	out.TechnicalDebt.Current = int(h.Debt() + 0.5)
	out.Health.Current = 100 - out.TechnicalDebt.Current
	out.StaleFlags.Total = h.Stale + h.PotentiallyStale
	return httpapi.WriteJSON(w, http.StatusOK, out)
}
