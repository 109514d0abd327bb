package edge

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what nobody sees otherwise.
type metrics struct {
	refused *prometheus.CounterVec // payloads, by reason
	dropped prometheus.Counter     // rows of reports
	sent    prometheus.Counter
	alarms  prometheus.Counter // over the upstream's log

	evidence *prometheus.CounterVec // requests, by the upstream's answer
}

func newMetrics(r prometheus.Registerer, age func() (time.Duration, bool)) *metrics {
	m := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lockflight_edge_refused_total",
			Help: "Payloads of the upstream, or of the backup, that were refused, by reason. What was held stayed.",
		}, []string{"reason"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "lockflight_edge_reports_dropped_total",
			Help: "Rows of what clients reported that could not be passed on.",
		}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "lockflight_edge_reports_sent_total",
			Help: "Rows of what clients reported that the upstream has taken.",
		}),
		alarms: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "lockflight_edge_log_alarms_total",
			Help: "Looks at the upstream's log that found it shortened or rewritten. Anything but 0 is for a person.",
		}),
	}
	m.evidence = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lockflight_edge_evidence_total",
		Help: "Requests with evidence, by the status of the upstream's answer, or busy or away where it was not asked or gave none.",
	}, []string{"answer"})
	if r == nil {
		return m
	}
	r.MustRegister(m.refused, m.dropped, m.sent, m.alarms, m.evidence, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "lockflight_edge_age_seconds",
		Help: "How long ago the upstream last confirmed what is served; of several scopes the longest. -1 without data.",
	}, func() float64 {
		if d, ok := age(); ok {
			return d.Seconds()
		}
		return -1
	}))
	return m
}

func (m *metrics) refuse(reason string) { m.refused.WithLabelValues(reason).Inc() }
