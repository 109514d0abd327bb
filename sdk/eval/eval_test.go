package eval_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// at is the moment at which the tests evaluate.
var at = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// options make an evaluation repeatable: chance always draws the middle.
var options = eval.Options{
	Now:      func() time.Time { return at },
	Rand:     func(n uint32) uint32 { return n / 2 },
	Hostname: "web-1",
}

// decode reads a document.
func decode(t testing.TB, document string) eval.Snapshot {
	t.Helper()
	var s eval.Snapshot
	if err := json.Unmarshal([]byte(document), &s); err != nil {
		t.Fatalf("decode %s: %v", document, err)
	}
	return s
}

// compile compiles a document that must yield no warning.
func compile(t testing.TB, document string) *eval.Set {
	t.Helper()
	set, warnings := options.Compile(decode(t, document))
	if len(warnings) > 0 {
		t.Fatalf("compile %s: warnings %v", document, warnings)
	}
	return set
}

// flag is a document of one flag "f" that is enabled, with more fields.
func flag(format string, args ...any) string {
	return `{"features":[{"name":"f","enabled":true,` + fmt.Sprintf(format, args...) + `}]}`
}

// on reports whether "f" is on, after it checked that Explain agrees.
func on(t testing.TB, set *eval.Set, c *eval.Context) bool {
	t.Helper()
	got, _ := set.Bool("f", c)
	if e := set.Explain("f", c); e.Enabled != got || e.Message == "" {
		t.Errorf("Bool = %v, Explain = %+v", got, e)
	}
	return got
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	const (
		missing  = "(missing)"
		inverted = `"inverted":true`
		noCase   = `"caseInsensitive":true`
	)
	list := func(values ...string) string { return fmt.Sprintf(`"values":["%s"]`, strings.Join(values, `","`)) }
	value := func(v string) string { return fmt.Sprintf(`"value":%q`, v) }
	for _, tc := range []struct {
		operator string
		fields   []string
		have     string
		want     bool
	}{
		{"IN", []string{list("a", "b")}, "b", true},
		{"IN", []string{list("a", "b")}, "B", false},
		{"IN", []string{list("A"), noCase}, "a", false},
		{"IN", []string{list("a")}, missing, false},
		{"IN", []string{list("")}, "", true},
		{"IN", []string{`"values":[]`}, "a", false},
		{"IN", []string{`"values":null`}, "a", false},
		{"IN", []string{list("1", "2", "3", "4", "5", "6", "7", "8")}, "8", true},
		{"IN", []string{list("1", "2", "3", "4", "5", "6", "7", "8")}, "9", false},
		{"IN", []string{`"values":[12,true]`}, "12", true},
		{"IN", []string{list("a"), inverted}, "a", false},
		{"IN", []string{list("a"), inverted}, missing, true},
		{"NOT_IN", []string{list("a")}, "b", true},
		{"NOT_IN", []string{list("a")}, "a", false},
		{"NOT_IN", []string{list("a")}, missing, true},
		{"NOT_IN", []string{`"values":[]`}, "a", true},
		{"NOT_IN", []string{list("a"), inverted}, missing, false},
		{"NOT_IN", []string{list("a"), inverted}, "a", true},

		{"STR_STARTS_WITH", []string{list("x", "ab")}, "abc", true},
		{"STR_STARTS_WITH", []string{list("AB")}, "abc", false},
		{"STR_STARTS_WITH", []string{list("AB"), noCase}, "aBc", true},
		{"STR_ENDS_WITH", []string{list("bc")}, "abc", true},
		{"STR_ENDS_WITH", []string{list("ÜC"), noCase}, "aüc", true},
		{"STR_CONTAINS", []string{list("b")}, "abc", true},
		{"STR_CONTAINS", []string{list("Ü"), noCase}, "aüc", true},
		{"STR_CONTAINS", []string{list("")}, "abc", true},
		{"STR_CONTAINS", []string{`"values":[]`}, "abc", false},
		{"STR_CONTAINS", []string{list("b")}, missing, false},
		{"STR_CONTAINS", []string{list("b"), inverted}, missing, true},

		{"NUM_EQ", []string{value("12")}, "12.0", true},
		{"NUM_EQ", []string{value("0.3")}, "0.30000000000000004", true},
		{"NUM_EQ", []string{`"value":12`}, "12", true},
		{"NUM_EQ", []string{value("12")}, "12.1", false},
		{"NUM_EQ", []string{value("12")}, "twelve", false},
		{"NUM_EQ", []string{value("12"), inverted}, "twelve", true},
		{"NUM_GT", []string{value("12")}, "12", false},
		{"NUM_GT", []string{value("12")}, "inf", true},
		{"NUM_GTE", []string{value("12")}, "12", true},
		{"NUM_GTE", []string{value("-12")}, "-12.5", false},
		{"NUM_LT", []string{value("12")}, "1.1e1", true},
		{"NUM_LTE", []string{value("12")}, "12", true},
		{"NUM_LTE", []string{value("12")}, missing, false},

		{"SEMVER_EQ", []string{value("1.2.3")}, "1.2.3+build", true},
		{"SEMVER_EQ", []string{value("1.2.3")}, "v1.2.3", false},
		{"SEMVER_EQ", []string{value("1.2.3"), inverted}, "v1.2.3", true},
		{"SEMVER_GT", []string{value("2.0.0-alpha.1")}, "2.0.0-alpha.beta", true},
		{"SEMVER_GT", []string{value("1.9.0")}, "1.10.0", true},
		{"SEMVER_GTE", []string{value("1.2.3")}, "1.2.3", true},
		{"SEMVER_LT", []string{value("1.2.3")}, "1.2.3-rc", true},
		{"SEMVER_LTE", []string{value("1.2.3")}, "1.2.4", false},
		{"SEMVER_LTE", []string{value("1.2.3")}, missing, false},

		{"DATE_AFTER", []string{value("2022-01-22T13:00:00+02:00")}, "2022-01-22T11:00:00.001Z", true},
		{"DATE_AFTER", []string{value("2022-01-22T13:00:00+02:00")}, "2022-01-22T11:00:00Z", false},
		{"DATE_BEFORE", []string{value("2022-01-22T13:00:00Z")}, "2022-01-22T12:59:59Z", true},
		{"DATE_BEFORE", []string{value("2022-01-22T13:00:00Z")}, "2022-01-22T13:00:00Z", false},
		{"DATE_BEFORE", []string{value("2022-01-22T13:00:00Z")}, "yesterday", false},
		{"DATE_BEFORE", []string{value("2022-01-22T13:00:00Z"), inverted}, missing, true},

		{"REGEX", []string{value("b+")}, "abbc", true},
		{"REGEX", []string{value("^B$")}, "b", false},
		{"REGEX", []string{value("^B$"), noCase}, "b", true},
		{"REGEX", []string{value("b")}, missing, false},
		{"REGEX", []string{value("b"), inverted}, "a", true},

		{"IN_CIDR", []string{list("10.0.0.0/8", "nonsense")}, "10.9.8.7", true},
		{"IN_CIDR", []string{list("10.1.2.3/8")}, "10.9.8.7", true},
		{"IN_CIDR", []string{list("10.0.0.0/8")}, "11.0.0.0", false},
		{"IN_CIDR", []string{list("10.0.0.0/8", "10.0.0.0/16", "10.0.0.0")}, "10.9.8.7", true},
		{"IN_CIDR", []string{list("10.9.0.0/16", "10.0.0.0/8", "10.9.9.9")}, "10.200.0.0", true},
		{"IN_CIDR", []string{list("2001:db8::/32")}, "2001:db8:1::42", true},
		{"IN_CIDR", []string{list("10.0.0.0/8")}, "::ffff:10.0.0.1", false},
		{"IN_CIDR", []string{list("nonsense")}, "10.0.0.1", false},
		{"IN_CIDR", []string{list("10.0.0.0/8")}, "10.0.0.1:80", false},
		{"IN_CIDR", []string{list("10.0.0.0/8"), inverted}, missing, true},
	} {
		t.Run(fmt.Sprint(tc.operator, tc.fields, tc.have), func(t *testing.T) {
			t.Parallel()
			set := compile(t, flag(`"strategies":[{"name":"default","constraints":[{"contextName":"p","operator":%q,%s}]}]`,
				tc.operator, strings.Join(tc.fields, ",")))
			c := &eval.Context{UserID: "u"}
			if tc.have != missing {
				c.Properties = map[string]string{"p": tc.have}
			}
			if got := on(t, set, c); got != tc.want {
				t.Errorf("on = %v, want %v: %s", got, tc.want, set.Explain("f", c).Message)
			}
		})
	}
}

// A standard name is a field of the context, and never a property.
func TestContextFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]eval.Context{
		"userId":        {UserID: "v"},
		"sessionId":     {SessionID: "v"},
		"remoteAddress": {RemoteAddress: "v"},
		"environment":   {Environment: "v"},
		"appName":       {AppName: "v"},
		"custom":        {Properties: map[string]string{"custom": "v"}},
	} {
		set := compile(t, flag(`"strategies":[{"name":"default","constraints":[{"contextName":%q,"operator":"IN","values":["v"]}]}]`, name))
		if !on(t, set, &c) {
			t.Errorf("%s: off, want on", name)
		}
		if got, want := on(t, set, &eval.Context{Properties: map[string]string{name: "v"}}), name == "custom"; got != want {
			t.Errorf("property %s: on = %v, want %v", name, got, want)
		}
		if on(t, set, nil) {
			t.Errorf("%s: on without a context, want off", name)
		}
	}
}

func TestCurrentTime(t *testing.T) {
	t.Parallel()
	document := decode(t, flag(`"strategies":[{"name":"default","constraints":[
		{"contextName":"currentTime","operator":"DATE_AFTER","value":"2026-11-22T09:59:59Z"},
		{"contextName":"currentTime","operator":"DATE_BEFORE","value":"2026-11-22T10:00:01Z"}]}]`))
	asked := 0
	clock := func() time.Time { asked++; return at }
	withClock, _ := eval.Options{Now: clock}.Compile(document)
	without, _ := eval.Compile(document)
	for _, tc := range []struct {
		name  string
		set   *eval.Set
		time  time.Time
		want  bool
		asked bool
	}{
		{"the context's", without, at, true, false},
		{"the context's is too late", withClock, at.Add(time.Hour), false, false},
		{"the clock's", withClock, time.Time{}, true, true},
		{"none", without, time.Time{}, false, false},
	} {
		asked = 0
		if got, _ := tc.set.Bool("f", &eval.Context{CurrentTime: tc.time}); got != tc.want {
			t.Errorf("%s: on = %v, want %v", tc.name, got, tc.want)
		}
		if got := asked > 0; got != tc.asked {
			t.Errorf("%s: asked the clock = %v, want %v", tc.name, got, tc.asked)
		}
	}
}

func TestStrategies(t *testing.T) {
	t.Parallel()
	user := func(id string) eval.Context { return eval.Context{UserID: id} }
	for _, tc := range []struct {
		name, parameters string
		context          eval.Context
		want             bool
	}{
		{"default", `{}`, eval.Context{}, true},
		{"customThing", `{}`, eval.Context{}, false},

		{"userWithId", `{"userIds":"a, b ,c"}`, user("b"), true},
		{"userWithId", `{"userIds":"a,,c"}`, user(""), false},
		{"userWithId", `{}`, user("a"), false},

		{"flexibleRollout", `{"rollout":"73","stickiness":"userId","groupId":"gr1"}`, user("123"), true},
		{"flexibleRollout", `{"rollout":"72","stickiness":"userId","groupId":"gr1"}`, user("123"), false},
		{"flexibleRollout", `{"rollout":73.9,"stickiness":"userId","groupId":"gr1"}`, user("123"), true},
		{"flexibleRollout", `{"rollout":"73","groupId":"gr1"}`, eval.Context{SessionID: "123"}, true},
		{"flexibleRollout", `{"rollout":"72","stickiness":"default","groupId":"gr1"}`, eval.Context{SessionID: "123"}, false},
		{"flexibleRollout", `{"rollout":"72","stickiness":"default","groupId":"gr1"}`, eval.Context{UserID: "zz", SessionID: "123"}, true},
		{"flexibleRollout", `{"rollout":"73","stickiness":"p","groupId":"gr1"}`, eval.Context{Properties: map[string]string{"p": "123"}}, true},
		{"flexibleRollout", `{"rollout":"100","stickiness":"p","groupId":"gr1"}`, user("123"), false},
		{"flexibleRollout", `{"rollout":"100","stickiness":"currentTime"}`, eval.Context{CurrentTime: at, Properties: map[string]string{"currentTime": "x"}}, true},
		{"flexibleRollout", `{"rollout":"100","stickiness":"currentTime"}`, eval.Context{CurrentTime: at}, false},
		{"flexibleRollout", `{"rollout":"100","stickiness":"userId","groupId":"gr1"}`, eval.Context{SessionID: "123"}, false},
		{"flexibleRollout", `{"rollout":"0","stickiness":"userId","groupId":"gr1"}`, user("123"), false},
		{"flexibleRollout", `{"rollout":"51","stickiness":"random","groupId":"gr1"}`, user("123"), true},
		{"flexibleRollout", `{"rollout":"50","stickiness":"random","groupId":"gr1"}`, user("123"), false},
		{"flexibleRollout", `{"rollout":"51","stickiness":"default","groupId":"gr1"}`, eval.Context{}, true},
		{"flexibleRollout", `{"rollout":"50","groupId":"gr1"}`, eval.Context{}, false},

		{"gradualRolloutUserId", `{"percentage":"73","groupId":"gr1"}`, user("123"), true},
		{"gradualRolloutUserId", `{"percentage":"72","groupId":"gr1"}`, user("123"), false},
		{"gradualRolloutUserId", `{"percentage":"100","groupId":"gr1"}`, eval.Context{SessionID: "123"}, false},
		{"gradualRolloutSessionId", `{"percentage":"73","groupId":"gr1"}`, eval.Context{SessionID: "123"}, true},
		{"gradualRolloutRandom", `{"percentage":"51"}`, eval.Context{}, true},
		{"gradualRolloutRandom", `{"percentage":"50"}`, eval.Context{}, false},

		{"remoteAddress", `{"IPs":"10.0.0.1, nonsense, 2001:db8::/32"}`, eval.Context{RemoteAddress: "10.0.0.1"}, true},
		{"remoteAddress", `{"IPs":"10.0.0.1, nonsense, 2001:db8::/32"}`, eval.Context{RemoteAddress: "2001:db8::7"}, true},
		{"remoteAddress", `{"IPs":"10.0.0.1"}`, eval.Context{}, false},

		{"applicationHostname", `{"hostNames":"db-1, WEB-1"}`, eval.Context{}, true},
		{"applicationHostname", `{"hostNames":"db-1"}`, eval.Context{}, false},
	} {
		t.Run(tc.name+tc.parameters, func(t *testing.T) {
			t.Parallel()
			set := compile(t, flag(`"strategies":[{"name":%q,"parameters":%s}]`, tc.name, tc.parameters))
			if got := on(t, set, &tc.context); got != tc.want {
				t.Errorf("on = %v, want %v: %s", got, tc.want, set.Explain("f", &tc.context).Message)
			}
		})
	}
}

// The group of a flexibleRollout defaults to the flag's name, which the first
// strategy leaves out and the second one spells.
func TestGroupDefaultsToFlag(t *testing.T) {
	t.Parallel()
	without := compile(t, flag(`"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"50"}}]`))
	with := compile(t, flag(`"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"50","groupId":"f"}}]`))
	for i := range 100 {
		c := &eval.Context{UserID: strconv.Itoa(i)}
		if on(t, without, c) != on(t, with, c) {
			t.Fatalf("user %d: the group is not the flag's name", i)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	set := compile(t, `{"features":[
		{"name":"bare","enabled":true,"strategies":null,"variants":null,"description":null,"surprise":{"x":[1]}},
		{"name":"off","enabled":false,"strategies":[{"name":"default"}]},
		{"name":"second","enabled":true,"strategies":[{"name":"userWithId","parameters":{"userIds":"u"}},{"name":"default","constraints":null,"segments":null}]},
		{"name":"ünïcode 日","enabled":true,"strategies":[{"name":"default","parameters":null}]}]}`)
	for _, tc := range []struct {
		flag      string
		on, known bool
	}{{"bare", true, true}, {"off", false, true}, {"second", true, true}, {"ünïcode 日", true, true}, {"unknown", false, false}} {
		if on, known := set.Bool(tc.flag, nil); on != tc.on || known != tc.known {
			t.Errorf("Bool(%s) = %v, %v, want %v, %v", tc.flag, on, known, tc.on, tc.known)
		}
	}
	if set.Len() != 4 {
		t.Errorf("Len = %d, want 4", set.Len())
	}
	for i := range set.Len() {
		if j, ok := set.Index(set.Name(i)); i != j || !ok {
			t.Errorf("Index(Name(%d)) = %d, %v", i, j, ok)
		}
	}
	if _, ok := set.Index("unknown"); ok {
		t.Error("Index(unknown) is ok")
	}
	for _, i := range []int{-1, 4} {
		_, assigned := set.AssignAt(i, nil)
		if set.BoolAt(i, nil) || set.VariantAt(i, nil).FeatureEnabled || set.Name(i) != "" || assigned {
			t.Errorf("flag number %d exists", i)
		}
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	set, warnings := options.Compile(decode(t, `{"features":[
		{"name":"both","enabled":true,"strategies":[{"name":"default","segments":[1,2]}]},
		{"name":"empty","enabled":true,"strategies":[{"name":"default","segments":[3]}]},
		{"name":"missing","enabled":true,"strategies":[{"name":"default","segments":[1,404]},{"name":"default"}]},
		{"name":"broken","enabled":true,"strategies":[{"name":"default","segments":[4]}]}],
		"segments":[
		{"id":1,"constraints":[{"contextName":"userId","operator":"IN","values":["u","v"]}]},
		{"id":2,"constraints":[{"contextName":"appName","operator":"IN","values":["a"]}]},
		{"id":3,"constraints":null},
		{"id":4,"constraints":[{"contextName":"appName","operator":"NOPE"}]}]}`))
	want := []eval.Warning{
		{Flag: "missing", Msg: "is off, because it does not compile: strategy 0 (default): segment 404 is missing"},
		{Flag: "broken", Msg: `is off, because it does not compile: strategy 0 (default): segment 4: constraint 0: unknown operator "NOPE"`},
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		flag, user, app string
		want            bool
	}{
		{"both", "v", "a", true},
		{"both", "v", "b", false},
		{"both", "w", "a", false},
		{"empty", "w", "b", true},
		{"missing", "u", "a", false},
		{"broken", "u", "a", false},
	} {
		if got, known := set.Bool(tc.flag, &eval.Context{UserID: tc.user, AppName: tc.app}); got != tc.want || !known {
			t.Errorf("Bool(%s, %s, %s) = %v, %v, want %v", tc.flag, tc.user, tc.app, got, known, tc.want)
		}
	}
}

// A fault of the document makes the flag off, known, and warned about; one of
// a pattern or a rollout makes only the constraint or the strategy fail.
func TestWarnings(t *testing.T) {
	t.Parallel()
	constrained := func(c string) string {
		return flag(`"strategies":[{"name":"default","constraints":[{"contextName":"userId",%s}]},{"name":"default"}]`, c)
	}
	for _, tc := range []struct {
		name, document, want string
		on                   bool
	}{
		{"operator", constrained(`"operator":"NOPE"`), "unknown operator", false},
		{"no operator", constrained(`"values":["x"]`), "unknown operator", false},
		{"number", constrained(`"operator":"NUM_GT","value":"ten"`), "not a number", false},
		{"no number", constrained(`"operator":"NUM_GT"`), "not a number", false},
		{"infinite", constrained(`"operator":"NUM_GT","value":"1e999"`), "not a number", false},
		{"version", constrained(`"operator":"SEMVER_EQ","value":"v1.0.0"`), "not a semantic version", false},
		{"date", constrained(`"operator":"DATE_AFTER","value":"2022-01-22"`), "not an RFC 3339 date", false},
		{"no pattern", constrained(`"operator":"REGEX"`), "value is missing", false},
		{"pattern", constrained(`"operator":"REGEX","value":"("`), "matches nothing", true},
		{"inverted pattern", flag(`"strategies":[{"name":"default","constraints":[
			{"contextName":"userId","operator":"REGEX","value":"(?=a)","inverted":true}]}]`), "matches nothing", true},
		{"rollout", flag(`"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"half"}},{"name":"default"}]`), "not a percentage", true},
		{"no rollout", flag(`"strategies":[{"name":"flexibleRollout","parameters":{}}]`), "not a percentage", false},
		{"negative rollout", flag(`"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"-1"}}]`), "not a percentage", false},
		{"no group", flag(`"strategies":[{"name":"gradualRolloutUserId","parameters":{"percentage":"100"}}]`), "groupId is missing", false},
		{"weight", flag(`"variants":[{"name":"v","weight":-1}]`), "out of range", false},
		{"weights", flag(`"variants":[{"name":"v","weight":4000000000},{"name":"w","weight":4000000000}]`), "too large", false},
		{"strategy weight", flag(`"strategies":[{"name":"default","variants":[{"name":"v","weight":-1}]}]`), "out of range", false},
		{"release", flag(`"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"5","release":"r"}},{"name":"default"}]`), "explicit stickiness", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			set, warnings := options.Compile(decode(t, tc.document))
			if len(warnings) != 1 || warnings[0].Flag != "f" || !strings.Contains(warnings[0].Msg, tc.want) {
				t.Errorf("warnings = %q, want one with %q", warnings, tc.want)
			}
			if got := on(t, set, &eval.Context{UserID: "u"}); got != tc.on {
				t.Errorf("on = %v, want %v", got, tc.on)
			}
			if _, known := set.Bool("f", nil); !known {
				t.Error("the flag is not known")
			}
		})
	}
}

func TestLastOfEqualNamesCounts(t *testing.T) {
	t.Parallel()
	set, warnings := options.Compile(decode(t, `{"features":[
		{"name":"f","enabled":false},{"name":"g","enabled":true},
		{"name":"f","enabled":true,"strategies":[{"name":"default","segments":[1]}]}],
		"segments":[{"id":1,"constraints":[{"contextName":"x","operator":"NOPE"}]},{"id":1,"constraints":[]}]}`))
	if len(warnings) != 1 || set.Len() != 2 {
		t.Errorf("warnings = %v, Len = %d, want one and 2", warnings, set.Len())
	}
	if !on(t, set, nil) {
		t.Error("off, want on")
	}
}
