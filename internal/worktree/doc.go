// Package worktree reads a directory of source code for package codescan and
// what is below it: which files are the tree's own, what git says of it, and,
// for Go, the types of what it imports. It decides nothing about flags.
package worktree
