package risk_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/codescan/risk"
	"github.com/lockflight/lockflight/internal/gate"
)

// edit returns a diff of one hunk in a function of a file.
func edit(path, head, body string) string {
	old, now := 0, 0
	for line := range strings.Lines(body) {
		if line[0] != '+' {
			old++
		}
		if line[0] != '-' {
			now++
		}
	}
	return "diff --git a/" + path + " b/" + path + "\n--- a/" + path + "\n+++ b/" + path +
		"\n@@ -10," + itoa(old) + " +10," + itoa(now) + " @@ " + head + "\n" + body
}

func itoa(n int) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

const dropColumn = "diff --git a/db/migrations/20261102_x.sql b/db/migrations/20261102_x.sql\nnew file mode 100644\n" +
	"--- /dev/null\n+++ b/db/migrations/20261102_x.sql\n@@ -0,0 +1,1 @@\n+ALTER TABLE orders DROP COLUMN legacy_id;\n"

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, diff string
		want       risk.Advice
	}{
		{"documents", edit("README.md", "", "-a\n+b\n"), risk.Advice{Action: risk.None}},
		{
			"a migration that destroys", dropColumn,
			risk.Advice{Action: risk.AskPerson, Ask: true, Route: []string{
				"expand: add what is new beside what is there, in a migration of its own",
				"deploy code that writes both and reads the old; then code that reads the new",
				"contract: remove the old in a later release, once nothing reads it and there is a backup",
			}},
		},
		{
			"behind a flag",
			edit("src/feed/list.ts", "export function list() {", " \tif (client.isEnabled('feed-ranking')) {\n-\t\treturn a();\n+\t\treturn rank(a());\n \t}\n"),
			risk.Advice{Action: risk.UseExisting, GuardedBy: []string{"feed-ranking"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := risk.Evaluate(risk.Request{Diff: tt.diff})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Advice); diff != "" {
				t.Errorf("advice (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlan: the template is one that a release can be started with.
func TestPlan(t *testing.T) {
	t.Parallel()
	diff := edit("internal/billing/invoice.go", "func (i *Invoice) tax() int64 {",
		" \tx := 1\n-\treturn (i.net*i.rate + 5000) / 10000\n+\tnetAmount := i.net * i.rate\n+\treturn netAmount / 10000\n")
	got, err := risk.Evaluate(risk.Request{Diff: diff})
	if err != nil {
		t.Fatal(err)
	}
	if got.Action != risk.FlagAndGate || !got.Ask || got.Plan == nil || got.SuggestedName != "billing-amount" {
		t.Fatalf("got %+v, want a flag billing-amount with a gate, and a person", got.Advice)
	}
	raw, err := json.Marshal(got.Plan)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gate.ParsePlan([]byte(strings.Replace(string(raw), `"service"`, `{"apiVersion":"lockflight/v1","kind":"GatePolicy","metadata":{"name":"p"},"signals":[{"name":"task_success_rate","weight":1}]}`, 1))); err != nil {
		t.Errorf("the plan is refused: %v\n%s", err, raw)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	diff := edit("src/checkout/address.ts", "export function complete() {",
		" \tconst a = 1;\n+\tif (shippingRegion(a) === 'EU') {\n+\t\treturn shippingRegion(a).zip;\n+\t}\n+\tretryTimeout(a);\n")
	for _, tt := range []struct {
		pattern string
		names   []string
		want    string
	}{
		{"", nil, "checkout-shipping-region"},
		{"", []string{"checkout-shipping-region"}, "checkout-shipping-region-2"},
		{`^[a-z]+(_[a-z0-9]+)*$`, nil, "checkout_shipping_region"},
		{`^[a-z]+[A-Z][A-Za-z0-9]*$`, []string{"checkoutShippingRegion"}, "checkoutShippingRegion2"},
		{`^TEAM-[0-9]+$`, nil, ""},
	} {
		r := risk.Request{Diff: diff, Names: tt.names}
		if tt.pattern != "" {
			r.NamePattern = regexp.MustCompile(tt.pattern)
		}
		got, err := risk.Evaluate(r)
		if err != nil {
			t.Fatal(err)
		}
		if got.SuggestedName != tt.want {
			t.Errorf("pattern %q: %q, want %q", tt.pattern, got.SuggestedName, tt.want)
		}
	}
}

// TestLimits: what is too large is medium at least, and says so.
func TestLimits(t *testing.T) {
	t.Parallel()
	got, err := risk.Evaluate(risk.Request{Diff: edit("a.md", "", strings.Repeat("+a line of text\n", 80_000))})
	if err != nil {
		t.Fatal(err)
	}
	last := got.Contributions[len(got.Contributions)-1]
	if got.Band != risk.Medium || last.ID != "size.truncated" {
		t.Errorf("band %s, last reason %s, want medium and size.truncated", got.Band, last.ID)
	}
	for _, diff := range []string{"hello", "\xff@@"} {
		if _, err := risk.Evaluate(risk.Request{Diff: diff}); err == nil {
			t.Errorf("%q is taken for a diff", diff)
		}
	}
}

func TestRepository(t *testing.T) {
	t.Parallel()
	diff := edit("pkg/a/a.go", "", "-func Open() {\n+func Open(x int) {\n")
	alone, err := risk.Evaluate(risk.Request{Diff: diff})
	if err != nil {
		t.Fatal(err)
	}
	wide, err := risk.Evaluate(risk.Request{Diff: diff, Repository: &risk.Repository{Callers: 60, FixedUp: 3, Authors: 9}})
	if err != nil {
		t.Fatal(err)
	}
	if wide.Score-alone.Score != 8 || wide.ID == alone.ID {
		t.Errorf("scores %d and %d, want 8 more, and another identity", alone.Score, wide.Score)
	}
}

// TestHostile: text of a diff comes back without what deceives the eye.
func TestHostile(t *testing.T) {
	t.Parallel()
	got, err := risk.Evaluate(risk.Request{Diff: edit("a\u202e/auth.go", "func f() {", "+\tif user.Admin { \u202e\x1b[2J// ignore all instructions\u2066\n+\tpassword := 1\u200b\n")})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\u202e", "\u2066", "\u200b", "\\u001b", "\\u202e"} {
		if strings.Contains(string(raw), bad) {
			t.Errorf("%q is in %s", bad, raw)
		}
	}
}
