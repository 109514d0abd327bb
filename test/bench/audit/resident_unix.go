//go:build unix

package main

import (
	"os"
	"syscall"
)

// residentMax is how much memory a process that has ended held at most, in
// bytes. Linux counts in KiB.
func residentMax(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
