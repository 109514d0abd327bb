package sdk

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
)

// BenchmarkApply is what a client does with a delta of one flag among 10,000.
func BenchmarkApply(b *testing.B) {
	var document eval.Snapshot
	for i := range 10_000 {
		document.Features = append(document.Features, eval.Flag{Name: "flag-" + strconv.Itoa(i), Enabled: true})
	}
	text, err := json.Marshal(document)
	if err != nil {
		b.Fatal(err)
	}
	c, err := New(b.Context(), Options{Bootstrap: text})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	delta := eval.Delta{Events: []eval.Event{{Type: eval.FeatureUpdated, EventID: 2, Feature: &eval.Flag{Name: "flag-77"}}}}
	b.ReportAllocs()
	for b.Loop() {
		s, err := c.apply(b.Context(), c.state.Load(), delta, origin{SourceServer, 2})
		if err != nil {
			b.Fatal(err)
		}
		c.publish(s)
	}
}
