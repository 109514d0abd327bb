package gate

// checks returns what must hold of a signal.
func (s *Signal) checks(path string) []check {
	checks := []check{
		{oneOf(s.Kind, Bernoulli, Score, Quantile, Counter, Level), path + ".kind", "want bernoulli, score, quantile, counter or level"},
		{oneOf(s.OnFail, "", OnFailRollback, OnFailHold, OnFailWarn), path + ".on_fail", "want rollback, hold or warn"},
		{s.OnFail != OnFailWarn || !s.Required, path + ".required", "want false with on_fail: warn: a goal decides nothing, so nothing waits for it"},
		{isFinite(s.Promote) && isFinite(s.Rollback), path + ".promote", "want finite thresholds"},
		{isMargin(s.Relative.RollbackMargin), path + ".relative.rollback_margin", "want 0 or more"},
		{isMargin(s.Relative.NIMargin), path + ".relative.ni_margin", "want 0 or more"},
		{oneOf(s.Relative.RequireNI, Always, FinalStep, Never), path + ".relative.require_ni", "want always, final_step or never"},
		{s.Settle >= 0, path + ".settle", "want 0s or more"},
		{s.Q == 0 || s.Kind == Quantile, path + ".q", "only a quantile has one"},
	}
	checks = append(checks, s.sourceChecks(path)...)
	if s.Kind == Level {
		return append(checks, s.levelChecks(path)...)
	}
	checks = append(checks,
		check{s.MinN >= 1, path + ".min_n", "want 1 or more"},
		check{s.Weight >= 0 && s.Weight <= 1, path + ".weight", "want a share from 0 to 1"},
		check{s.Weight > 0 || !s.rollsBack(), path + ".weight", "want a share above 0: a signal without weight could never roll back"},
	)
	switch s.Kind {
	case Quantile:
		return append(checks, s.quantileChecks(path)...)
	case Counter:
		return append(checks, s.counterChecks(path)...)
	}
	return append(checks, s.rateChecks(path)...)
}

// rollsBack says whether the signal, proven bad, rolls back.
func (s *Signal) rollsBack() bool { return s.OnFail == "" || s.OnFail == OnFailRollback }

// rateChecks are those of rates and scores.
func (s *Signal) rateChecks(path string) []check {
	return []check{
		{s.Direction == higher, path + ".direction", "want higher: a rate counts the cases that pass"},
		{s.Promote > 0 && s.Promote <= 1, path + ".promote", "want a rate above 0, at most 1"},
		{s.Rollback >= 0 && s.Rollback < s.Promote, path + ".rollback", "want a rate below promote, since higher is better"},
		{s.Tolerance >= 0 && s.Tolerance <= s.Promote-s.Rollback+epsilon, path + ".tolerance", "want at most promote - rollback"},
		{s.Relative.NIMargin < 1, path + ".relative.ni_margin", "want a difference of rates, below 1"},
	}
}

func (s *Signal) quantileChecks(path string) []check {
	return []check{
		{s.Direction == lower, path + ".direction", "want lower: a quantile is gated from above"},
		{s.Q > 0 && s.Q < 1, path + ".q", "want a share above 0 and below 1"},
		{s.Promote > 0, path + ".promote", "want more than 0"},
		{s.Rollback > s.Promote, path + ".rollback", "want more than promote, since lower is better"},
		{s.Tolerance > 0 && s.Tolerance < s.Q, path + ".tolerance", "want more than 0 and less than q"},
	}
}

func (s *Signal) counterChecks(path string) []check {
	return []check{
		{s.Direction == lower, path + ".direction", "want lower: a counter counts what should not happen"},
		{s.Promote > 0, path + ".promote", "want more than 0 events a case"},
		{s.Rollback > s.Promote, path + ".rollback", "want more than promote, since lower is better"},
		{isMargin(s.Tolerance) && s.Promote*(1+s.Tolerance) <= s.Rollback+epsilon, path + ".tolerance", "want a share of promote that stays within rollback"},
	}
}

// levelChecks are those of a figure without statistics, which spends no alpha.
func (s *Signal) levelChecks(path string) []check {
	return []check{
		{oneOf(s.Direction, higher, lower), path + ".direction", "want higher or lower"},
		{s.Direction != higher || s.Rollback < s.Promote, path + ".rollback", "want less than promote, since higher is better"},
		{s.Direction != lower || s.Rollback > s.Promote, path + ".rollback", "want more than promote, since lower is better"},
		{s.Weight == 0, path + ".weight", "want 0: a level has no error probability to spend alpha on"},
		{s.Relative.RequireNI == Never, path + ".relative.require_ni", "want never: a level is not compared"},
	}
}
