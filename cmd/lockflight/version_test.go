package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	const pseudo, revision = "v0.0.0-20261123001028-c4301690aaaa", "c4301690aaaabbbbccccddddeeeeffff00001111"
	for _, tt := range []struct{ main, revision, want string }{
		{"v1.2.3", revision, "v1.2.3"},
		{"v1.2.3+dirty", revision, "v1.2.3+dirty"},
		{"v1.3.0-rc.1", revision, "v1.3.0-rc.1"},
		{pseudo, revision, "devel-c4301690aaaa"},
		{pseudo + "+dirty", revision, "devel-c4301690aaaa"},
		{pseudo, "", pseudo},
		{"(devel)", revision, "devel-c4301690aaaa"},
		{"(devel)", "", "devel"},
		{"", "", "devel"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: tt.main}}
		if tt.revision != "" {
			info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: tt.revision}}
		}
		if got := versionOf(info); got != tt.want {
			t.Errorf("version %q of revision %q is %s, want %s", tt.main, tt.revision, got, tt.want)
		}
	}
}
