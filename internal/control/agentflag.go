package control

import "slices"

// Risk is how much harm a flag can do, as its maker judges it.
type Risk string

// The classes of risk, the least first.
const (
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

var risks = []Risk{RiskLow, RiskMedium, RiskHigh}

// answerable completes a flag that an agent makes: somebody answers for it, it
// has a lifetime, and a class of risk. What the agent does not say is the
// person it acts for, or its owner; the lifetime of the flag's type; and high.
func (w *work) answerable(f Flag) (Flag, error) {
	if w.p.Kind != KindAgent {
		return f, nil
	}
	if f.Owner == "" {
		f.Owner = w.p.OnBehalfOf
	}
	if f.Owner == "" && w.p.agent != nil {
		f.Owner = w.p.agent.Owner
	}
	if f.LifetimeDays == 0 {
		types, err := flagTypesOf(w)
		if err != nil {
			return f, err
		}
		i := slices.IndexFunc(types, func(t FlagType) bool { return t.ID == f.Type })
		if i < 0 || types[i].LifetimeDays == nil {
			return f, Invalidf("lifetimeDays", "a flag of type %q has no end of its own: an agent must say how many days it is needed", f.Type)
		}
		f.LifetimeDays = *types[i].LifetimeDays
	}
	if f.Risk == "" {
		f.Risk = RiskHigh
	}
	return f, nil
}

// checkOwned says what is wrong with who answers for a flag, for how long it is
// needed, and how much harm it can do. Empty is not known.
func (f Flag) checkOwned(tx ReadTx) error {
	if f.Owner != "" {
		a, err := get[Account](tx, KindAccount, f.Owner)
		if err == nil && a.Kind != KindHuman {
			err = Errorf(NotFound, "not_found", "is no person")
		}
		if err != nil {
			return asField(err, "owner", "there is no person %q", f.Owner)
		}
	}
	if f.LifetimeDays < 0 || f.LifetimeDays > maxLifetime {
		return Invalidf("lifetimeDays", "%d is not from 1 to %d, or 0 for that of its type", f.LifetimeDays, maxLifetime)
	}
	if f.Risk != "" && !slices.Contains(risks, f.Risk) {
		return Invalidf("risk", "%q is not one of %v", f.Risk, risks)
	}
	return nil
}
