package gate

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Build is what a scenario suite has measured of one build: a value per
// signal, over a fixed number of cases. Its JSON is one flat object, signals
// beside the other fields; null is a signal that was not measured.
type Build struct {
	Signals        map[string]float64
	Cases          Count
	CasesPerClass  map[string]Count // nil: not known, not checked
	CriticalEvents Count
}

// UnmarshalJSON reads the flat object.
func (b *Build) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return wrongField("build", "want an object")
	}
	*b = Build{Signals: map[string]float64{}}
	for _, name := range sortedKeys(fields) {
		if err := b.read(name, fields[name]); err != nil {
			return wrongField("build."+name, err.Error())
		}
	}
	return nil
}

func (b *Build) read(name string, raw json.RawMessage) error {
	switch name {
	case "cases":
		return json.Unmarshal(raw, &b.Cases)
	case "cases_per_class":
		return json.Unmarshal(raw, &b.CasesPerClass)
	case "critical_events":
		return json.Unmarshal(raw, &b.CriticalEvents)
	}
	var value *float64
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	if value != nil {
		b.Signals[name] = *value
	}
	return nil
}

// DecideBuild is the gate before any traffic: point values against the
// thresholds, n fixed in advance. Rates pass at their threshold, latency only
// below it, as "P95 < 15 s" says. Like Decide it is pure and total.
func DecideBuild(p Policy, b Build) (d Decision) {
	defer func() {
		if r := recover(); r != nil {
			d = Decision{Reason: SnapshotInvalid, Detail: fmt.Sprint("the engine panicked: ", r)}
		}
	}()
	if err := p.Validate(); err != nil {
		return d.or(PolicyInvalid, err)
	}
	if err := b.impossible(&p); err != nil {
		return d.or(SnapshotInvalid, err)
	}
	for i := range p.Signals {
		d.Signals = append(d.Signals, b.status(&p.Signals[i]))
	}
	hits := b.hits(&p, d.Signals)
	if len(hits) == 0 {
		hits = []hit{{Promote, BuildAllPass}}
	}
	d.Verdict, d.Reason = hits[0].verdict, hits[0].reason
	for _, h := range hits[1:] {
		d.Also = append(d.Also, h.reason)
	}
	return d
}

func (b *Build) impossible(p *Policy) error {
	checks := []check{
		{b.Cases >= 0, "build.cases", "negative"},
		{b.CriticalEvents >= 0, "build.critical_events", "negative"},
	}
	for i := range p.Signals {
		s := &p.Signals[i]
		if v, ok := b.Signals[s.Name]; ok {
			checks = append(checks,
				check{isMargin(v), "build." + s.Name, "want 0 or more"},
				check{s.Kind == Quantile || v <= 1, "build." + s.Name, "want a rate, at most 1"})
		}
	}
	return firstFault(checks)
}

func (b *Build) status(s *Signal) SignalStatus {
	st := SignalStatus{Name: s.Name, N: b.Cases}
	v, ok := b.Signals[s.Name]
	switch {
	case !ok:
		st.Status, st.Why = Missing, "no_data"
		return st
	case s.Kind == Quantile && v >= s.Rollback, s.Kind == Bernoulli && v < s.Rollback:
		st.Status = Severe
	case s.Kind == Quantile && v >= s.Promote, s.Kind == Bernoulli && v < s.Promote:
		st.Status = Breach
	default:
		st.Status = Pass
	}
	st.Estimate = &v
	return st
}

// hits returns the rules that hold a build or roll it back, in order.
func (b *Build) hits(p *Policy, signals []SignalStatus) []hit {
	var hits []hit
	each := func(v Verdict, rule string, is Status) {
		for i, s := range signals {
			if s.Status == is && (is != Missing || p.Signals[i].Required) {
				hits = append(hits, hit{v, of(rule, s.Name)})
			}
		}
	}
	if b.CriticalEvents > p.CriticalEvents.Max {
		hits = append(hits, hit{Rollback, BuildCriticalEvent})
	}
	enough := b.Cases >= p.BuildGate.MinCases
	if enough {
		each(Rollback, BuildSevere, Severe)
	}
	each(Hold, BuildEvidenceMissing, Missing)
	if !enough {
		hits = append(hits, hit{Hold, BuildMinCases})
		each(Hold, BuildBelowPromote, Severe) // too few cases to roll back on
	}
	for _, class := range b.fewClasses(p.BuildGate.MinCasesPerClass) {
		hits = append(hits, hit{Hold, of(BuildMinCases, class)})
	}
	each(Hold, BuildBelowPromote, Breach)
	return hits
}

// fewClasses returns the scenario classes with too few cases, sorted.
func (b *Build) fewClasses(least map[string]Count) []string {
	var few []string
	if b.CasesPerClass == nil {
		return nil
	}
	for class, n := range least {
		if b.CasesPerClass[class] < n {
			few = append(few, class)
		}
	}
	slices.Sort(few)
	return few
}
