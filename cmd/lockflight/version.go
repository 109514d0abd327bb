package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

type versionCmd struct {
	format
}

// Run prints what this binary is.
func (c *versionCmd) Run(s streams) error {
	if c.Output == "json" {
		return printJSON(s.out, map[string]string{"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
	}
	fmt.Fprintf(s.out, "lockflight %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// version is the tag that was built, or the commit where that has none.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	v := info.Main.Version
	if tagged, _, _ := strings.Cut(v, "+"); semver.IsValid(v) && !module.IsPseudoVersion(tagged) {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	if v != "" && v != "(devel)" {
		return v
	}
	return "devel"
}
