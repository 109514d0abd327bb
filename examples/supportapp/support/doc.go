// Package support is a small customer support app of several agents, made to
// be tested: a router hands each message to a specialist, which looks up
// documents, calls tools and answers with citations. No model is called; the
// parts are scripted, and what a model would leave to chance follows from a
// seed, so that the same conversation goes the same way again.
//
// Six faults can be switched on, each at a strength from 0 to 1: the share of
// conversations that it hits. What a fault does to the five signals is not
// written down anywhere: it follows from what the parts then do, and is judged
// from the outside, by the transcript alone.
//
// It is an app under test and no framework for agents. It imports nothing of
// Lockflight but its SDK.
package support
