// Package runner moves releases over time. For each open release it folds the
// evidence as it arrives, asks the gate, and carries the verdict out through
// control.Service like anyone else. It decides nothing itself, holds no lock
// and needs no leader: of two replicas that decide at once, the service lets
// one through.
package runner
