package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
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
		{"evidence -percent 101", "", "", "want 0 to 100", 0},
		{"lines -percent 100 -build b7", `{"conversation":"c","user":"u","messages":[{"role":"user","text":"hello"}]}`, `"build":"b7"`, "", 1},
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

// The server says where it is, answers, and stops when it is told to.
func TestServe(t *testing.T) {
	t.Setenv("LOCKFLIGHT_URL", "")
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"serve", "-listen", "127.0.0.1:0"}, nil, w) }()
	url, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(strings.TrimSpace(url)+"/talk", "application/json", strings.NewReader(`{"user":"u"}`))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !bytes.Contains(body, []byte(`"task_success_rate"`)) {
		t.Errorf("%s, %v", body, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
