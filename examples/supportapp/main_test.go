package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Setenv("LOCKFLIGHT_URL", "")
	for _, tc := range []struct {
		args, in, out, err string
		lines              int
	}{
		{"evidence -conversations 10", "", `"signal":"exposure"`, "", 60},
		{"evidence -conversations 10 -fault slow_tool=2", "", "", "strength from 0 to 1", 0},
		{"lines", "{}", "must not be empty", "", 1},
		{"", "", "", "want supportapp", 0},
		{"sing", "", "", "want supportapp", 0},
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(tc.args), strings.NewReader(tc.in), &out)
		if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%q: error %v, want %q", tc.args, err, tc.err)
		}
		if got := strings.Count(out.String(), "\n"); got != tc.lines || !strings.Contains(out.String(), tc.out) {
			t.Errorf("%q: %d lines, want %d: %.200s", tc.args, got, tc.lines, out.String())
		}
	}
}
