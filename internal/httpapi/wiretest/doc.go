// Package wiretest holds the APIs below httpapi to goldens: archives of
// requests as on the wire, each with the answer that has to come back. It is
// for tests alone.
package wiretest
