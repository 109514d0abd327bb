package eval_test

import (
	"encoding/json"
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
)

// FuzzCompile takes any document and any context: nothing panics, all ways to
// ask agree, and the document survives a round trip.
func FuzzCompile(f *testing.F) {
	f.Add(`{"features":[{"name":"a","enabled":true}]}`, "u", "127.0.0.1", "v")
	f.Add(`{"features":[{"name":"a","enabled":true,"strategies":[{"name":"flexibleRollout","parameters":{"rollout":50,"stickiness":"p","release":"r"},
		"segments":[1],"variants":[{"name":"x","weight":1}]}],"dependencies":[{"feature":"a"}]}],
		"segments":[{"id":1,"constraints":[{"contextName":"p","operator":"REGEX","value":"("}]}]}`, "u", "::1", "v")
	for _, constraint := range []string{
		`"operator":"NUM_EQ","value":"1e9"`, `"operator":"SEMVER_GT","value":"1.0.0-a"`, `"operator":"DATE_AFTER","value":"2022-01-22T13:00:00Z"`,
		`"operator":"IN_CIDR","values":["::/0","10.0.0.0/8"]`, `"operator":"STR_CONTAINS","values":["ü"],"caseInsensitive":true`, `"operator":"REGEX","value":"a+"`,
	} {
		f.Add(flag(`"strategies":[{"name":"default","constraints":[{"contextName":"p",%s}]}]`, constraint), "u", "10.0.0.1", "1.2.3")
	}
	f.Add(flag(`"variants":[{"name":"x","weight":3,"stickiness":"p","overrides":[{"contextName":"userId","values":["u"]}]}]`), "u", "", "v")
	f.Add(`{"features":null,"segments":null,"query":null,"meta":null}`, "", "", "")
	f.Fuzz(func(t *testing.T, document, user, address, property string) {
		var snapshot eval.Snapshot
		if json.Unmarshal([]byte(document), &snapshot) != nil {
			return
		}
		c := &eval.Context{
			UserID: user, SessionID: property, RemoteAddress: address, Environment: property, AppName: user,
			Properties: map[string]string{"p": property, property: address, user: user},
		}
		set, warnings := options.Compile(snapshot)
		checkAgreement(t, set, warnings, c)
		checkAgreement(t, set, warnings, nil)
		checkRoundTrip(t, snapshot, c)
	})
}

// FuzzApply takes any delta to a small snapshot: what comes out compiles, is
// sorted, and does not change when the delta is applied again.
func FuzzApply(f *testing.F) {
	f.Add(`{"events":[{"type":"hydration","eventId":1,"features":[{"name":"b"},{"name":"a"}],"segments":[{"id":1}]}]}`)
	f.Add(`{"events":[{"type":"feature-updated","eventId":1,"feature":{"name":"a","enabled":true}},{"type":"feature-removed","featureName":"f"}]}`)
	f.Add(`{"events":[{"type":"segment-updated","segment":{"id":7}},{"type":"segment-removed","segmentId":7}]}`)
	f.Fuzz(func(t *testing.T, delta string) {
		var d eval.Delta
		if json.Unmarshal([]byte(delta), &d) != nil {
			return
		}
		start := decode(t, flag(`"strategies":[]`))
		once, err := start.Apply(d)
		if err != nil {
			return
		}
		twice, err := once.Apply(d)
		if err != nil {
			t.Fatalf("apply again: %v", err)
		}
		a, _ := json.Marshal(once)
		b, _ := json.Marshal(twice)
		if string(a) != string(b) {
			t.Fatalf("apply again changed the result:\n%s\n%s", a, b)
		}
		set, warnings := options.Compile(once)
		checkAgreement(t, set, warnings, &eval.Context{UserID: "u"})
	})
}
