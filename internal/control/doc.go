// Package control is the vocabulary of Lockflight and its rules: projects,
// environments, flags, segments, tokens, principals, releases, and Service,
// the one door through which every write goes. It declares the Store that it
// needs and knows no database, no HTTP and no clock but the one it is given.
package control
