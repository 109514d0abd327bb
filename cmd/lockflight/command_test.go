package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what scripts have besides testscript's own.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"exit": exit, "field": field, "observations": observations, "tamper": tamper, "truncate": truncate,
	"port": port, "ready": ready, "equal": equal, "account": account, "person": signable,
}

// exit runs a program that has to end with an exit code: exit CODE PROGRAM...
func exit(ts *testscript.TestScript, _ bool, args []string) {
	var code *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); !errors.As(err, &code) {
		ts.Fatalf("%v: exit status 0 (%v), want %s", args[1:], err, args[0])
	}
	if got := strconv.Itoa(code.ExitCode()); got != args[0] {
		ts.Fatalf("%v: exit status %s, want %s", args[1:], got, args[0])
	}
}

// field puts a member of a JSON object into the environment: field FILE KEY VAR.
func field(ts *testscript.TestScript, _ bool, args []string) {
	var doc map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc))
	ts.Setenv(args[2], fmt.Sprint(doc[args[1]]))
}

// observations writes evidence of ten units in each arm, now, and a line that
// is none: observations FILE FLAG ENVIRONMENT CONTROL TREATMENT.
func observations(ts *testscript.TestScript, _ bool, args []string) {
	var b strings.Builder
	for i := range 10 {
		for arm, build := range map[string]string{"control": args[3], "treatment": args[4]} {
			for _, outcome := range []string{`"exposure"`, `"evidence_coverage","pass":true`} {
				fmt.Fprintf(&b, `{"at":%q,"flag":%q,"environment":%q,"arm":%q,"build":%q,"unit":"%s-%d","signal":%s}`+"\n",
					time.Now().UTC().Format(time.RFC3339Nano), args[1], args[2], arm, build, arm, i, outcome)
			}
		}
	}
	b.WriteString("not an observation\n")
	write(ts, args[0], b.String())
}

// tamper replaces a text in a file: tamper FILE OLD NEW.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %s", args[0], args[1])
	}
	write(ts, args[0], strings.Replace(text, args[1], args[2], 1))
}

// truncate cuts off the last line of a file: truncate FILE.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimSuffix(ts.ReadFile(args[0]), "\n")
	write(ts, args[0], text[:strings.LastIndex(text, "\n")+1])
}

// port puts an address that nobody listens on into the environment: port VAR.
func port(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// ready waits until a plane answers: ready URL.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(args[0] + "/ready")
		if err != nil {
			continue
		}
		if _ = resp.Body.Close(); resp.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("%s is not ready", args[0])
}

// equal compares two texts: equal A B.
func equal(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] != args[1] {
		ts.Fatalf("%s is not %s", args[0], args[1])
	}
}

func write(ts *testscript.TestScript, name, text string) {
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
}

// signable makes an account that a person signs in with: person USERNAME PASSWORD.
func signable(ts *testscript.TestScript, _ bool, args []string) {
	body := fmt.Sprintf(`{"username":%q,"email":"%s@example.com","password":%q,"rootRole":1}`, args[0], args[0], args[1])
	req, err := http.NewRequest(http.MethodPost, ts.Getenv("LOCKFLIGHT_URL")+"/api/admin/user-admin", strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", ts.Getenv("LOCKFLIGHT_TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if resp.StatusCode != http.StatusCreated {
		ts.Fatalf("making an account for %s: %s", args[0], resp.Status)
	}
}

// account makes an account that may do nothing but read and puts its id into the
// environment: account KIND NAME VAR.
func account(ts *testscript.TestScript, _ bool, args []string) {
	var out struct {
		ID string `json:"id"`
	}
	server := remote{URL: ts.Getenv("LOCKFLIGHT_URL"), Token: ts.Getenv("LOCKFLIGHT_TOKEN")}
	ts.Check(server.call(context.Background(), http.MethodPost, "/api/v1/accounts",
		map[string]any{"kind": args[0], "username": args[1], "rootRole": 3}, &out))
	ts.Setenv(args[2], out.ID)
}
