// Package rewrite changes Go code that flags guard: Clean takes a settled flag
// out, Wrap puts a change behind one. It is pure: sources and export data in,
// new sources out.
//
// It decides on go/ast with go/types, and acts on ranges of bytes, so that
// what it does not touch stays as it was. Each rule keeps the meaning of the
// code under "this check yields the kept value"; rules are applied until none
// does. What cannot be done safely is left and listed. See agents' guide
// docs/agents/cleanup.md for what that is.
//
// It reads no files and runs no commands: package worktree loads a Module.
package rewrite
