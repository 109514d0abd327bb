package rounds

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Report is the text of a results file.
type Report struct{ bytes.Buffer }

// Printf adds to the report.
func (r *Report) Printf(format string, args ...any) { fmt.Fprintf(&r.Buffer, format, args...) }

// Head begins a report: when, of what, and on what it was made.
func (r *Report) Head(title string) {
	r.Printf("%s\n%s, commit %s, %s, %s/%s, %d CPUs: %s\n\n", title,
		time.Now().UTC().Format(time.DateTime+" UTC"), commit(), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor())
}

// Table adds the results: nanoseconds by operation and, where there are any,
// allocations in parentheses.
func (r *Report) Table(t Table, contenders []Contender) {
	r.Printf("%-28s", "ns/op (allocations)")
	for _, name := range Cases {
		r.Printf("%13s", name)
	}
	for _, c := range contenders {
		r.Printf("\n%-28s", c.Name)
		for _, name := range Cases {
			result, ok := t[c.Name][name]
			r.Printf("%13s", result.text(ok))
		}
	}
	r.Printf("\n\n")
}

func (r Result) text(ok bool) string {
	switch {
	case !ok:
		return "-"
	case r.Allocations > 0:
		return fmt.Sprintf("%.1f (%.3g)", r.Nanoseconds, r.Allocations)
	default:
		return fmt.Sprintf("%.1f", r.Nanoseconds)
	}
}

// Save writes the report to dir, named after the day, the commit and kind.
func (r *Report) Save(dir, kind string) error {
	name := fmt.Sprintf("%s-%s-%s.txt", time.Now().UTC().Format(time.DateOnly), commit(), kind)
	if err := os.WriteFile(filepath.Join(dir, name), r.Bytes(), 0o644); err != nil {
		return fmt.Errorf("save the report: %w", err)
	}
	return nil
}

// commit returns the short hash of the commit that is checked out.
func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// processor returns what Linux calls the first processor.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	_, rest, _ := strings.Cut(string(info), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimLeft(line, "\t: ")
}
