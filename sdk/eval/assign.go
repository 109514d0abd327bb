package eval

// The arms of a release.
const (
	Treatment = "treatment" // served the new build
	Control   = "control"   // served the old one: as many as are treated, or who is left
	Rest      = "rest"      // served the old one, not compared
)

// Assignment is the place of a unit in the release that runs behind a flag.
type Assignment struct {
	Release string // its id
	Arm     string // Treatment, Control or Rest
	Unit    string // the value that stickiness hashes
	Percent int    // of the units that are treated, 0 to 100
}

// release is a release's own strategy compiled.
type release struct {
	id          string
	first, rule int // the ops of its segments and constraints, and the rollout after them
}

// compileRelease compiles the release of a strategy whose ops begin at first
// and end the list; nil, with a warning, where its units are not defined.
func (e *edit) compileRelease(flag string, st Strategy, ops []op, first int) *release {
	last := len(ops) - 1
	rule := &ops[last]
	if st.Name != "flexibleRollout" || rule.code != opRollout || rule.field.byChance() {
		e.warn(flag, "release %s: its strategy must be a flexibleRollout with a rollout and an explicit stickiness", st.Parameters[releaseParameter])
		return nil
	}
	return &release{id: st.Parameters[releaseParameter], first: first, rule: last}
}

// Assign returns the arm that a context is in, of the release that runs behind
// a flag: the first strategy with the parameter "release". It answers false
// where none runs, and for a context that is not eligible: the flag or a
// parent is off for it, the strategy's segments or constraints exclude it, or
// it lacks the value that stickiness hashes.
func (s *Set) Assign(flag string, c *Context) (Assignment, bool) {
	return s.assign(s.lookup(flag), c)
}

// AssignAt is Assign for the flag with number i; false where no flag has it.
func (s *Set) AssignAt(i int, c *Context) (Assignment, bool) { return s.assign(s.at(i), c) }

func (s *Set) assign(p *program, c *Context) (Assignment, bool) {
	if p.extra == nil || p.extra.release == nil {
		return Assignment{}, false
	}
	if c == nil {
		c = &nobody
	}
	r := p.extra.release
	unit, ok := s.eligible(p, r, c)
	if !ok {
		return Assignment{}, false
	}
	rule := &p.ops()[r.rule]
	percent := int(rule.percent)
	bucket := int(rule.prefix.sum(unit)%rolloutModulus) + 1
	return Assignment{Release: r.id, Arm: arm(bucket, percent), Unit: unit, Percent: percent}, true
}

// eligible returns the unit that a context is, and whether the release is for
// it.
func (s *Set) eligible(p *program, r *release, c *Context) (unit string, ok bool) {
	if !p.on() || !s.satisfied(p.extra.parents, c) {
		return "", false
	}
	ops := p.ops()
	for i := r.first; i < r.rule; i++ {
		if !s.holds(&ops[i], c) {
			return "", false
		}
	}
	return s.value(&ops[r.rule], c)
}

// ArmOf returns the arm of a unit by its hash alone, in the release whose id is
// its group and that treats percent of the units.
func ArmOf(release, unit string, percent int) string {
	return arm(int(NormalizedHash(release, unit, rolloutModulus, 0)), percent)
}

// arm returns the arm of a bucket from 1 to 100. Treatment grows from the
// bottom and control from the top, equally large until they meet at 50, so
// that nobody moves from one to the other. Beyond, control is who is left: the
// holdback of a release that has completed.
func arm(bucket, percent int) string {
	switch {
	case bucket <= percent:
		return Treatment
	case bucket > 100-percent:
		return Control
	default:
		return Rest
	}
}
