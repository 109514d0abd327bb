// Command unleashserver sends one script of requests to Unleash's own server and
// to Lockflight, and tells where the answers differ.
//
// Both run side by side, from nothing: the npm package that package.json pins,
// on a PostgreSQL of package postgres, and the binary that `make build` made. The
// script is data: script/*.yml, in the order of their names. What is compared is
// the status, the headers that clients act on, and the body: every JSON path,
// its type and its value. Before that, what must differ between two servers is
// replaced by what must not: an id or a secret that a step binds is its name
// from then on, and times, UUIDs and the paths in rules.yml are their kind.
// Prose of errors is compared by its place and type: it is not ours to copy.
//
// A difference fails, unless baseline.yml names its request and path and gives
// the reason; so does an entry there that excuses nothing any more.
package main
