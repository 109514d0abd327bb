package gate

// level judges a figure of an outside source against its thresholds, at this
// look alone: there is no interval, and the promise about errors does not
// cover it. It is never compared, so never shown not inferior.
func (j *judge) level(f *finding, m Measure) (nonInferior bool) {
	s, v := j.signal, *m.Treatment.Value
	f.Estimate = rounded(v)
	f.few = false
	worse := func(threshold float64) bool {
		if s.Direction == higher {
			return v < threshold
		}
		return v > threshold
	}
	f.severe, f.breach = worse(s.Rollback), worse(s.Promote)
	f.ok = !f.breach
	return false
}
