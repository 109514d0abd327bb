package runner

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// metrics counts what the gate said.
type metrics struct {
	evaluations *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, room *gate.Room) *metrics {
	m := &metrics{evaluations: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lockflight_gate_evaluations_total",
		Help: "Evaluations of open releases, by verdict.",
	}, []string{"verdict"})}
	if reg != nil {
		reg.MustRegister(m.evaluations, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "lockflight_gate_units",
			Help: "Units of open releases that are remembered, and outcomes that wait for their exposure.",
		}, func() float64 { return float64(room.Used()) }))
	}
	return m
}

func (m *metrics) evaluated(e control.Evaluation) {
	m.evaluations.WithLabelValues(e.Decision.Verdict.String()).Inc()
}
