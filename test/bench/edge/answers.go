package main

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// question is a request of SDKs, and the share of the floor's rate that answers
// to it are to reach.
type question struct {
	name  string
	load  load
	share float64
}

const contextBody = `{"context":{"targetingKey":"user-4711","plan":"team","country":"DE"}}`

// questions returns what the edge is asked.
func (w *world) questions() ([]question, error) {
	backend, frontend := "Authorization: "+backendToken, "Authorization: "+frontendToken
	const spec = "Unleash-Client-Spec: 5.2.0"
	features := newLoad(w.edge.URL, http.MethodGet, "/api/client/features", "", "200", backend, spec)
	etag, err := etagOf(w.edge.URL + "/api/client/features")
	if err != nil {
		return nil, err
	}
	const flag = "/ofrep/v1/evaluate/flags"
	return []question{
		{"frontend, 100 flags", newLoad(w.edge.URL, http.MethodGet, "/api/frontend?userId=user-4711&appName=shop&sessionId=s1", "", "200", frontend), .60},
		{"OFREP, one flag", newLoad(w.edge.URL, http.MethodPost, flag+"/"+flagName(7), contextBody, "200", backend), .70},
		{"OFREP, 100 flags", newLoad(w.edge.URL, http.MethodPost, flag, contextBody, "200", backend), .50},
		{"client features", features, .85},
		{"client features, 304", newLoad(w.edge.URL, http.MethodGet, "/api/client/features", "", "304", backend, spec, "If-None-Match: "+etag), .85},
	}, nil
}

func etagOf(url string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", backendToken)
	r.Header.Set("Unleash-Client-Spec", "5.2.0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	return resp.Header.Get("ETag"), resp.Body.Close()
}

// answers measures each question and its floor in alternate rounds, so that
// what else the machine does is a burden to both.
func (b *bench) answers() error {
	questions, err := b.questions()
	if err != nil {
		return err
	}
	b.Printf("%-24s %10s %12s %12s %8s  (requests a second, %d connections, the median of %d rounds)\n",
		"", "body", "floor", "edge", "share", connections, b.rounds)
	for _, q := range questions {
		if !wanted(q.name) {
			continue
		}
		size, err := q.load.size()
		if err != nil {
			return err
		}
		plain := q.load.at(b.floor.URL, fmt.Sprintf("/%d", size))
		var floors, edges, shares []float64
		for range b.rounds {
			f, err := plain.rate(connections, b.span)
			if err != nil {
				return err
			}
			e, err := q.load.rate(connections, b.span)
			if err != nil {
				return err
			}
			floors, edges, shares = append(floors, f), append(edges, e), append(shares, e/f)
		}
		share := middle(shares)
		b.Printf("%-24s %8d B %12.0f %12.0f %7.0f%%  at least %.0f%%: %s\n", q.name, size, middle(floors), middle(edges), 100*share, 100*q.share, b.met(share >= q.share))
		if q.share == .60 {
			if err := b.steady(q.load, plain, middle(floors)); err != nil {
				return err
			}
		}
	}
	return nil
}

// steady measures the delay at a rate that does not wait for answers: 20,000 a
// second, or what is left of it where the generator and the floor together
// leave no room for that.
func (b *bench) steady(l, plain load, floor float64) error {
	perSecond := min(20_000, int(.8*.6*floor))
	var p99s, floors []time.Duration
	for range b.rounds {
		f, err := plain.paced(connections, perSecond, b.span)
		if err != nil {
			return err
		}
		e, err := l.paced(connections, perSecond, b.span)
		if err != nil {
			return err
		}
		p99s, floors = append(p99s, quantile(e, .99)), append(floors, quantile(f, .99))
	}
	p99 := middle(p99s)
	b.Printf("  at %d a second: p99 %v, the floor's %v; limit %v: %s\n", perSecond, p99.Round(10*time.Microsecond),
		middle(floors).Round(10*time.Microsecond), steadyLimit, b.met(p99 <= steadyLimit))
	return nil
}

func middle[T float64 | time.Duration](of []T) T {
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

func quantile(times []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[int(float64(len(sorted)-1)*p)]
}
