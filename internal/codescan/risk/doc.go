// Package risk scores a change from its unified diff: how likely it is to need a
// flag, a gated release or a person. It is pure: the same diff always gets the
// same answer, on every platform, with no model, no clock and no network.
//
// A score is a sum of contributions that each name their place in the diff.
// Points add up within caps; named hazards (a dropped column, a guard that is
// gone, money that is rounded otherwise) set floors; harmless changes (documents,
// tests) have ceilings. Floors and ceilings are contributions too, so that the
// contributions always sum to the score. All arithmetic is on integers.
//
// Points are given to effective lines: what is left of a diff without comments,
// blank lines, imports, re-wrapped hunks, moved lines and version strings.
package risk

// Rubric is the version of the rules. It is part of the identity of an answer: a
// change of any weight, word or pattern is a new version.
const Rubric = "risk/v1"
