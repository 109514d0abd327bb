package unleash

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// strategyDoc is Unleash's featureStrategySchema, out and in: what a client has
// read it may send back.
type strategyDoc struct {
	ID          string                 `json:"id,omitempty"`
	Name        string                 `json:"name"`
	Title       *string                `json:"title"`
	Disabled    bool                   `json:"disabled"`
	FeatureName string                 `json:"featureName,omitempty"` // in only, and passed over: the path says it
	SortOrder   int                    `json:"sortOrder"`             // out only: the place in the list
	Constraints []constraintDoc        `json:"constraints"`
	Parameters  map[string]string      `json:"parameters"`
	Segments    []int                  `json:"segments"`
	Variants    []eval.WeightedVariant `json:"variants"`
}

// constraintDoc is Unleash's constraintSchema. The engine's own type reads
// numbers as text too, for the sake of old documents; an admin is told.
type constraintDoc eval.Constraint

func toConstraint(c eval.Constraint) constraintDoc   { return constraintDoc(c) }
func fromConstraint(c constraintDoc) eval.Constraint { return eval.Constraint(c) }

func toStrategy(s control.Strategy, place int) strategyDoc {
	return strategyDoc{
		ID: s.ID, Name: s.Name, Title: orNull(s.Title), Disabled: s.Disabled, SortOrder: place,
		Constraints: each(s.Constraints, toConstraint), Parameters: s.Parameters, Segments: orEmpty(s.Segments), Variants: orEmpty(s.Variants),
	}
}

func toStrategies(fe control.FlagEnv) []strategyDoc {
	out := []strategyDoc{}
	for i, s := range fe.Strategies {
		out = append(out, toStrategy(s, i))
	}
	return out
}

// toFlagStrategies shows strategies within one environment of their flag, where
// Unleash names the flag and leaves out the segments of one that has none.
func toFlagStrategies(fe control.FlagEnv) []flagStrategyDoc {
	return each(toStrategies(fe), func(d strategyDoc) flagStrategyDoc {
		return flagStrategyDoc{strategyDoc: d, FeatureName: fe.Flag, Segments: d.Segments}
	})
}

// flagStrategyDoc is a strategy within one environment of its flag.
type flagStrategyDoc struct {
	strategyDoc

	FeatureName string `json:"featureName"`
	Segments    []int  `json:"segments,omitempty"`
}

// listedStrategyDoc is a strategy in the list of them. Releases have plans here,
// and no strategy is of one.
type listedStrategyDoc struct {
	strategyDoc

	MilestoneID *string `json:"milestoneId"`
}

func toListedStrategy(d strategyDoc) listedStrategyDoc { return listedStrategyDoc{strategyDoc: d} }

func (d strategyDoc) strategy(id string) control.Strategy {
	return control.Strategy{ID: id, Title: deref(d.Title), Disabled: d.Disabled, Strategy: eval.Strategy{
		Name: d.Name, Constraints: each(d.Constraints, fromConstraint), Parameters: d.Parameters, Segments: d.Segments, Variants: d.Variants,
	}}
}

// strategies answers GET .../strategies, disabled ones too, in order.
func (a *API) strategies(w http.ResponseWriter, r *http.Request) error {
	fe, err := a.configured(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, each(toStrategies(fe), toListedStrategy))
}

// strategy answers GET .../strategies/{strategy}.
func (a *API) strategy(w http.ResponseWriter, r *http.Request) error {
	fe, err := a.configured(r)
	if err != nil {
		return err
	}
	i, err := find(fe, r.PathValue("strategy"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toStrategy(fe.Strategies[i], i))
}

// find returns the place of a strategy, or an Error of Kind NotFound.
func find(fe control.FlagEnv, id string) (int, error) {
	i := slices.IndexFunc(fe.Strategies, func(s control.Strategy) bool { return s.ID == id })
	if i < 0 {
		return i, control.Errorf(control.NotFound, "not_found", "there is no strategy %q", id)
	}
	return i, nil
}

// addStrategy answers POST .../strategies with 200 and not 201, as Unleash does.
func (a *API) addStrategy(w http.ResponseWriter, r *http.Request) error {
	var in strategyDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	st, err := a.service.AddStrategy(r.Context(), httpapi.CallerOf(r.Context()).Principal, ref(r), in.strategy(""))
	if err != nil {
		return refield(as(control.Invalid, "not_served", err), inBody)
	}
	return a.writeStrategy(w, r, st)
}

// updateStrategy answers PUT .../strategies/{strategy}, which replaces it. Its name stays where none is sent.
func (a *API) updateStrategy(w http.ResponseWriter, r *http.Request) error {
	var in strategyDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	id := r.PathValue("strategy")
	if in.Name == "" {
		fe, err := a.configured(r)
		if err != nil {
			return err
		}
		i, err := find(fe, id)
		if err != nil {
			return err
		}
		in.Name = fe.Strategies[i].Name
	}
	st, err := a.service.UpdateStrategy(r.Context(), httpapi.CallerOf(r.Context()).Principal, ref(r), in.strategy(id))
	if err != nil {
		return refield(err, inBody)
	}
	return a.writeStrategy(w, r, st)
}

// inBody turns a path in the list of all strategies into one in the body, which
// is one of them.
func inBody(field string) string {
	if !strings.HasPrefix(field, "strategies[") {
		return field
	}
	_, rest, _ := strings.Cut(field, "]")
	return cmp.Or(strings.TrimPrefix(rest, "."), "body")
}

// writeStrategy answers with a strategy as stored, in its place.
func (a *API) writeStrategy(w http.ResponseWriter, r *http.Request, st control.Strategy) error {
	place := 0
	if fe, err := a.configured(r); err == nil {
		place = max(0, slices.IndexFunc(fe.Strategies, func(s control.Strategy) bool { return s.ID == st.ID }))
	}
	return httpapi.WriteJSON(w, http.StatusOK, toStrategy(st, place))
}

// deleteStrategy answers DELETE .../strategies/{strategy} with 200 and no body.
// With the last enabled strategy the environment goes off.
func (a *API) deleteStrategy(w http.ResponseWriter, r *http.Request) error {
	return a.service.DeleteStrategy(r.Context(), httpapi.CallerOf(r.Context()).Principal, ref(r), r.PathValue("strategy"))
}
