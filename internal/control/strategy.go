package control

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/sdk/eval"
)

// settled returns the strategy as the i-th of a flag is stored: with what every
// SDK needs written out, and checked.
func (st Strategy) settled(tx ReadTx, f projectFlag, i int) (Strategy, error) {
	st = st.withDefaults(f)
	var err error
	field := fmt.Sprintf("strategies[%d].variants", i)
	st.Variants, err = settledVariants(field, st.Variants, cmp.Or(st.Parameters["stickiness"], "default"))
	if err != nil {
		return st, err
	}
	for j, v := range st.Variants {
		if len(v.Overrides) > 0 {
			return st, Invalidf(fmt.Sprintf("%s[%d].overrides", field, j), "are for the variants of an environment, not of a strategy")
		}
	}
	return st, checkStrategy(tx, f.project.ID, i, st)
}

// withDefaults fills in what every SDK needs written out: a missing groupId or
// stickiness makes SDKs disagree about who is in the rollout.
func (st Strategy) withDefaults(f projectFlag) Strategy {
	parameters := eval.Parameters{}
	maps.Copy(parameters, st.Parameters)
	st.Parameters, st.Constraints = parameters, written(st.Constraints)
	if st.Name == "flexibleRollout" {
		stickiness := cmp.Or(f.project.Stickiness, "default")
		for key, value := range map[string]string{"rollout": "100", "stickiness": stickiness, "groupId": f.Name} {
			if st.Parameters[key] == "" {
				st.Parameters[key] = value
			}
		}
	}
	return st
}

// maxSegments is the most segments of one strategy, as in Unleash.
const maxSegments = 5

// checkStrategy says what is wrong with the i-th strategy of a flag of a
// project.
func checkStrategy(tx ReadTx, project string, i int, st Strategy) error {
	at := fmt.Sprintf("strategies[%d]", i)
	if err := checkParameters(tx, at, st); err != nil {
		return err
	}
	if err := checkConstraints(tx, project, at+".constraints", st.Constraints); err != nil {
		return err
	}
	if len(st.Segments) > maxSegments {
		return Invalidf(at+".segments", "names %d segments: a strategy has at most %d", len(st.Segments), maxSegments)
	}
	segments := make([]eval.Segment, 0, len(st.Segments))
	for j, id := range st.Segments {
		seg, err := get[Segment](tx, KindSegment, strconv.Itoa(id))
		if err != nil {
			return noSegment(err, fmt.Sprintf("%s.segments[%d]", at, j), id)
		}
		if seg.Project != "" && seg.Project != project {
			return Invalidf(fmt.Sprintf("%s.segments[%d]", at, j), "segment %d is for project %q alone", id, seg.Project)
		}
		segments = append(segments, seg.Segment)
	}
	return compiles(at, st.Strategy, segments)
}

// compiles asks the engine what nothing before it has found; its warning is
// the reason for a refusal.
func compiles(field string, st eval.Strategy, segments []eval.Segment) error {
	probe := eval.Flag{Name: "probe", Enabled: true, Strategies: []eval.Strategy{st}}
	_, warnings := eval.Compile(eval.Snapshot{Features: []eval.Flag{probe}, Segments: segments})
	if len(warnings) > 0 {
		return Invalidf(field, "%s", warnings[0].Msg)
	}
	return nil
}

// strategyNames are the built-in ones, Unleash's.
var strategyNames = []string{
	"default", "userWithId", "flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId",
	"gradualRolloutRandom", "remoteAddress", "applicationHostname",
}

func checkParameters(tx ReadTx, at string, st Strategy) error {
	if !slices.Contains(strategyNames, st.Name) {
		custom, err := strategyType(tx, st.Name)
		if err != nil {
			return asField(err, at+".name", "%q is not one of %v, and no custom strategy", st.Name, strategyNames)
		}
		if err := custom.checkParameters(at, st); err != nil {
			return err
		}
	}
	for _, key := range []string{"rollout", "percentage"} {
		v, ok := st.Parameters[key]
		if !ok || !slices.Contains(strategyNames, st.Name) {
			continue
		}
		if err := checkPercentage(at+".parameters."+key, v); err != nil {
			return err
		}
	}
	if _, ok := st.Parameters[releaseParameter]; ok {
		return Invalidf(at+".parameters."+releaseParameter, "is set by a release, not by hand")
	}
	return nil
}

func checkPercentage(field, v string) error {
	if f, err := strconv.ParseFloat(v, 64); !number.MatchString(v) || err != nil || f < 0 || f > 100 {
		return Invalidf(field, "%q is not a number from 0 to 100", v)
	}
	return nil
}

// noSegment is asField with a Code of its own.
func noSegment(err error, field string, id int) error {
	if KindOf(err) != NotFound {
		return err
	}
	return &Error{Kind: Invalid, Code: "no_segment", Field: field, Msg: fmt.Sprintf("there is no segment %d", id)}
}
