package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// demoLimit is how long the fast demo may take.
const demoLimit = time.Minute

// The demo's two builds by their flags.
const (
	goodFlag = "support-agent-v2"
	badFlag  = "research-agent-v2"
)

// demoReport is what the demo prints with -o json.
type demoReport struct {
	OK       bool `json:"ok"`
	Releases []struct {
		Flag    string `json:"flag"`
		State   string `json:"state"`
		Percent int    `json:"percent"`
	} `json:"releases"`
}

// TestDemo runs the demo as it is: alone, since it is timed.
func TestDemo(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), binary(t), "demo", "--fast", "-o", "json")
	cmd.Env = environ()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("demo --fast: %v\n%s", err, errs.String())
	}
	took := time.Since(begin)
	t.Logf("demo --fast took %s", took)
	if took > demoLimit*slowdown {
		t.Errorf("demo --fast took %s, want at most %s", took, demoLimit*slowdown)
	}
	var got demoReport
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("demo -o json: %v\n%s", err, out.String())
	}
	ends := map[string]string{}
	for _, r := range got.Releases {
		ends[r.Flag] = fmt.Sprintf("%s at %d %%", r.State, r.Percent)
	}
	want := map[string]string{goodFlag: "completed at 100 %", badFlag: "rolled_back at 0 %"}
	if diff := cmp.Diff(want, ends); diff != "" || !got.OK {
		t.Errorf("ok %v, the releases (-want +got):\n%s", got.OK, diff)
	}
}

// TestDemoGoneWrong reports a critical event of the good build with the fleet's
// own token: it is rolled back, and the demo says that it did not go as it
// should.
func TestDemoGoneWrong(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), binary(t), "demo", "--fast")
	cmd.Env = environ()
	p := run(t, cmd)
	var said strings.Builder
	after := func(prefix string) string {
		for {
			line, err := p.line()
			fmt.Fprintln(&said, line)
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				return strings.TrimSpace(rest)
			}
			if err != nil {
				t.Fatalf("the demo says no %q: %v\n%s%s", prefix, err, said.String(), p.log)
			}
		}
	}
	url := after("server")
	pid, _, _ := strings.Cut(strings.TrimPrefix(after("fleet"), "process "), ":")
	sabotage(t, url, tokenOf(t, pid))
	for {
		line, err := p.line()
		fmt.Fprintln(&said, line)
		if err != nil {
			break
		}
	}
	if code := p.wait(t); code != 1 || !strings.Contains(p.log.String(), "a build ended otherwise than it should") {
		t.Errorf("exit status %d, want 1 and why\n%s%s", code, said.String(), p.log)
	}
}

// tokenOf returns the token in the environment of a process.
func tokenOf(t *testing.T, pid string) string {
	t.Helper()
	if _, err := strconv.Atoi(pid); err != nil {
		t.Fatalf("the demo names no process of the fleet: %v", err)
	}
	env := environOf(t, pid)
	for _, v := range strings.FieldsFunc(string(env), func(r rune) bool { return r == 0 || r == ' ' }) {
		if token, ok := strings.CutPrefix(v, "LOCKFLIGHT_TOKEN="); ok {
			return token
		}
	}
	t.Fatal("the fleet has no token")
	return ""
}

// environOf returns the environment of a process that has just been started. It
// is empty for a moment, before the program has its arguments.
func environOf(t *testing.T, pid string) []byte {
	t.Helper()
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		env, err := os.ReadFile("/proc/" + pid + "/environ")
		if err != nil { // not Linux
			env, err = exec.CommandContext(t.Context(), "ps", "eww", "-o", "command=", "-p", pid).Output()
		}
		if err != nil {
			t.Fatalf("reading the environment of the fleet: %v", err)
		}
		if len(env) > 0 {
			return env
		}
	}
	t.Fatalf("the fleet has no environment after %s", patience)
	return nil
}

// sabotage reports a critical event of the good build, once its release runs.
func sabotage(t *testing.T, url, token string) {
	t.Helper()
	changed := make(chan struct{}, 1)
	client, err := sdk.New(t.Context(), sdk.Options{
		URL: url, Token: token, AppName: "sabotage", EvidenceInterval: 10 * time.Millisecond,
		OnChanged: func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	limit := time.After(patience)
	for unit := 0; ; unit++ {
		ec := &eval.Context{UserID: strconv.Itoa(unit)}
		switch a := client.Explain(goodFlag, ec).Release; {
		case a == nil:
			select {
			case <-changed:
			case <-limit:
				t.Fatalf("no release of %s runs within %s", goodFlag, patience)
			}
		case a.Arm == eval.Treatment:
			client.Track("safety_pass_rate", ec, sdk.Critical(), sdk.Flag(goodFlag))
			if err := client.Flush(t.Context()); err == nil && client.Stats().ObservationsSent > 0 {
				return
			} // the server is about to take evidence of the release that it serves
		}
	}
}
