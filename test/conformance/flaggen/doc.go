// Package flaggen makes, from a seed, flags that use everything the evaluation
// knows, and contexts to decide them for; it counts how often each thing
// decides, and puts the flags into a server through Unleash's admin API. The
// tests of other people's clients stand on it. It makes nothing invalid: how a
// server refuses that is not what clients are asked here.
package flaggen
