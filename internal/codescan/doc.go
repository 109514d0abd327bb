// Package codescan finds where a program refers to feature flags. It is pure:
// files in, references out.
//
// It works in two steps. Extract reads one file, by go/parser or by a
// tokenizer that knows the strings and comments of some fifteen languages, and
// keeps what may matter: literals, calls, constants, wrappers, keep-annotations.
// Resolve joins the facts of all files: which literal is a flag's key, which
// name stands for one, which function is a flag check by another name.
//
// It does not read directories, which is package worktree, and it changes no
// code, which is package rewrite below it.
package codescan
