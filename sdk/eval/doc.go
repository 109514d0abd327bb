// Package eval decides flags: it compiles one environment's flags and segments
// into a Set, and evaluates a Set for a Context, by the rules of Unleash's
// client specification, with Yggdrasil as the reference where clients differ.
//
// It is pure. It does no I/O, keeps no state between calls and reads no clock:
// what an evaluation may need from outside, the time, chance and the host's
// name, is given in Options. It fetches no configuration and counts nothing,
// which package sdk does. A Set is immutable, so any number of goroutines may
// evaluate it; Set.Bool and Set.Variant do not allocate.
package eval
