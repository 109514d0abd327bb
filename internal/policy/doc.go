// Package policy decides who may do what, and what a change does to exposure.
//
// It is pure: what it decides follows from its arguments alone.
package policy
