// Package drift watches an agent whose code has not changed: a provider moves a
// model, an index is rebuilt, traffic shifts.
//
// [Detector] raises an alarm with a stated average run length, whatever the
// distribution; it is what may act. [Cusum] and [PageHinkley] are the classic
// charts, for figures that are no rates. [PSI], [JensenShannon] and [KS]
// compare distributions: they warn, and never roll back. [MannKendall] and
// [Kappa] report, and [RoganGladen] corrects a rate for the error of its judge.
//
// It is pure: no clock, no I/O; the caller feeds it cases in their order and
// keeps its state. It does not decide what becomes of a release.
package drift
