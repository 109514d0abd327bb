// Package process builds the program and runs servers in processes of their
// own, as people run them, so that what is measured shares neither a heap nor a
// scheduler with what measures it.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Build makes lockflight in a directory and returns the path of the program.
// It is called from a directory below test/bench.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "lockflight")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "github.com/lockflight/lockflight/cmd/lockflight")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return binary, nil
}

// Process is a server that runs.
type Process struct {
	URL string // as it said on its first line
	cmd *exec.Cmd
}

// Start runs a program, with env added to the environment, and waits until its
// first line of output says "... is serving at URL".
func Start(ctx context.Context, env []string, binary string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = append(os.Environ(), env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(binary), err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, p.URL, _ = strings.Cut(strings.TrimSpace(line), " is serving at ")
	if err != nil || p.URL == "" {
		return nil, errors.Join(fmt.Errorf("the server says %q: %w", line, err), p.Kill())
	}
	return p, nil
}

// Stop ends the process in order.
func (p *Process) Stop() error {
	return errors.Join(p.cmd.Process.Signal(syscall.SIGTERM), p.cmd.Wait())
}

// Kill ends the process at once.
func (p *Process) Kill() error { return p.cmd.Process.Kill() }

// Memory returns a line of /proc/PID/status in bytes: VmRSS, what is resident
// now, or VmHWM, the most that ever was.
func (p *Process) Memory(name string) (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	line, _, _ := strings.Cut(rest, "\n")
	kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return kb << 10, err
}
