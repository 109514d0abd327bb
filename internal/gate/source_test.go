package gate

import (
	"strings"
	"testing"
	"time"
)

// sourcePolicy returns a service policy with one more signal.
func sourcePolicy(signal string) []byte {
	return []byte(`{"apiVersion":"lockflight/v1","kind":"GatePolicy","metadata":{"name":"p"},"signals":[
		{"name":"success_rate","promote":0.99,"rollback":0.95,"tolerance":0.01,"weight":1},` + signal + `]}`)
}

func TestSourceOfASignal(t *testing.T) {
	t.Parallel()
	for signal, want := range map[string]string{
		`{"name":"q","promote":1,"rollback":2,"source":{"promql":"up","max_age":"30s"}}`:                              "",
		`{"name":"q","promote":1,"rollback":2,"source":{"impact_metric":"errors"}}`:                                   "",
		`{"name":"q","kind":"level","promote":1,"rollback":2}`:                                                        "",
		`{"name":"q","kind":"level","promote":1,"rollback":2,"source":{"promql":"up","impact_metric":"m"}}`:           "signals[1].source",
		`{"name":"q","kind":"counter","weight":0,"on_fail":"hold","promote":1,"rollback":2,"source":{"promql":"up"}}`: "signals[1].kind",
		`{"name":"q","kind":"level","promote":1,"rollback":2,"source":{"span":"root_error"}}`:                         "signals[1].source",
		`{"name":"q","promote":1,"rollback":2,"source":{"promql":"up","max_age":"-1s"}}`:                              "signals[1].source.max_age",
		`{"name":"q","kind":"level","promote":1,"rollback":2,"source":{"max_age":"1s"}}`:                              "signals[1].source.max_age",
	} {
		p, err := ParsePolicy(sourcePolicy(signal))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want+":")) {
			t.Errorf("%s: %v, want %q", signal, err, want)
			continue
		}
		if want == "" && p.Signals[1].Kind != Level {
			t.Errorf("%s: kind %s, want a level", signal, p.Signals[1].Kind)
		}
	}
}

func TestOldestFigure(t *testing.T) {
	t.Parallel()
	for want, s := range map[time.Duration]Source{
		2 * time.Minute: {PromQL: "up"}, 5 * time.Minute: {ImpactMetric: "m"}, time.Second: {PromQL: "up", MaxAge: Duration(time.Second)},
	} {
		if got := s.OldestFigure(); got != want {
			t.Errorf("%+v: %v, want %v", s, got, want)
		}
	}
}
