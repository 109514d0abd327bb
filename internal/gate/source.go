package gate

import "time"

// The greatest age of a figure where its source does not say.
const (
	maxQueryAge  = 2 * time.Minute
	maxImpactAge = 5 * time.Minute // SDKs report each minute
)

// The values of Source.Span: what a trace itself shows.
const (
	SpanRootError     = "root_error"     // whether its root span ended well
	SpanRootDuration  = "root_duration"  // how long that took, in milliseconds
	SpanFinishLength  = "finish_length"  // passes where no inference was cut off for its length
	SpanContentFilter = "content_filter" // passes where no content filter or guardrail stepped in
)

// Outside says whether the signal is a figure that an outside source is asked
// for, rather than something that observations tell. Such a signal is of kind
// level, and its caller adds its measure to the snapshot.
func (s *Source) Outside() bool { return s != nil && (s.PromQL != "" || s.ImpactMetric != "") }

// OldestFigure returns how old a figure of an outside source may be: max_age,
// else 2 minutes, of an impact metric 5.
func (s *Source) OldestFigure() time.Duration {
	switch {
	case s.MaxAge > 0:
		return time.Duration(s.MaxAge)
	case s.ImpactMetric != "":
		return maxImpactAge
	}
	return maxQueryAge
}

// origins returns how many origins a source names.
func (s *Source) origins() int {
	n := 0
	for _, named := range []bool{
		len(s.Evaluation) > 0, s.Span != "", s.EvidenceSlots != nil, s.ImpactMetric != "", s.PromQL != "", s.Observation != "", s.Usage != "", s.Metric != "",
	} {
		if named {
			n++
		}
	}
	return n
}

// sourceChecks returns what must hold of where a signal comes from.
func (s *Signal) sourceChecks(path string) []check {
	src := s.Source
	if src == nil {
		return nil
	}
	checks := []check{
		{src.origins() <= 1, path + ".source", "want one of evaluation, span, evidence_slots, impact_metric, promql, observation, usage and metric"},
		{!src.Outside() || s.Kind == Level, path + ".kind", "want level: a figure of an outside source has no cases"},
		{s.Kind != Level || src.Outside() || src.origins() == 0, path + ".source", "want promql or impact_metric: no observation gives a level"},
		{src.MaxAge >= 0, path + ".source.max_age", "want 0s or more"},
		{src.MaxAge == 0 || src.Outside(), path + ".source.max_age", "only promql and impact_metric have one; evidence.max_age is for the others"},
		{oneOf(src.Span, "", SpanRootError, SpanRootDuration, SpanFinishLength, SpanContentFilter), path + ".source.span", "want root_error, root_duration, finish_length or content_filter"},
		{oneOf(src.Usage, "", UsageTokens, UsageInput, UsageOutput, UsageCost), path + ".source.usage", "want tokens, input_tokens, output_tokens or cost"},
		{src.Usage == "" || s.Kind == Quantile, path + ".kind", "want quantile: what a case uses is an amount"},
		{!src.Aggregated() || oneOf(s.Kind, Bernoulli, Quantile, Counter), path + ".kind", "want bernoulli, quantile or counter: a metric tells no score of a case"},
		{src.Unit == "" || src.Aggregated() && s.Kind == Quantile, path + ".source.unit", "only a quantile of a metric has one"},
		{src.Unit == "" || oneOf(src.Unit, "ns", "us", "ms", "s", "min", "h"), path + ".source.unit", "want ns, us, ms, s, min or h"},
	}
	return append(checks, src.priceChecks(path+".source")...)
}
