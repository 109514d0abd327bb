package runner

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
)

// metrics counts what the gate said.
type metrics struct {
	evaluations *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{evaluations: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lockflight_gate_evaluations_total",
		Help: "Evaluations of open releases, by verdict.",
	}, []string{"verdict"})}
	if reg != nil {
		reg.MustRegister(m.evaluations)
	}
	return m
}

func (m *metrics) evaluated(e control.Evaluation) {
	m.evaluations.WithLabelValues(e.Decision.Verdict.String()).Inc()
}
