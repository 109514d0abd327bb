package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/process"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// The limits that a control plane of this size is to keep.
const (
	startLimit   = 2 * time.Second
	toggleLimit  = 10 * time.Millisecond // half of the toggles
	memoryLimit  = 200 << 20             // resident
	requestLimit = 64 << 10              // bytes allocated by one request for a document
)

const (
	toggles  = 400
	requests = 50
)

// bench is one run and its report.
type bench struct {
	*rounds.Report

	binary, data string
	server       *server
	missed       int
}

func (b *bench) run(ctx context.Context) error {
	if err := b.world(ctx); err != nil {
		return err
	}
	var err error
	if b.server, err = start(ctx, b.binary, b.data, backendTokens()...); err != nil {
		return err
	}
	b.verdict("start", b.server.started, startLimit)
	for _, step := range []func(context.Context) error{b.document, b.changes, b.resident} {
		if err := step(ctx); err != nil {
			return errors.Join(err, b.server.stop())
		}
	}
	return b.server.stop()
}

// world makes the world where it is not there, and starts it once more, so that
// the file is warm, as after a restart.
func (b *bench) world(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(b.data, "lockflight.db")); err != nil {
		s, err := start(ctx, b.binary, b.data)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := s.build(ctx); err != nil {
			return errors.Join(err, s.stop())
		}
		b.Printf("made through the API in %v\n", time.Since(began).Round(time.Second))
		if err := s.stop(); err != nil {
			return err
		}
	}
	s, err := start(ctx, b.binary, b.data, backendTokens()...)
	if err != nil {
		return err
	}
	return s.stop()
}

// verdict reports a time beside its limit.
func (b *bench) verdict(what string, took, limit time.Duration) {
	b.Printf("%-44s %10v  limit %v: %s\n", what, took.Round(10*time.Microsecond), limit, b.met(took <= limit))
}

func (b *bench) met(ok bool) string {
	if ok {
		return "met"
	}
	b.missed++
	return "missed"
}

// document reads what an SDK polls, in all the forms that it is asked for.
func (b *bench) document(ctx context.Context) error {
	const path = "/api/client/features"
	token := backendToken(environment(0))
	plain := map[string]string{"Unleash-Client-Spec": "5.2.0"}
	began := time.Now()
	first, err := b.server.get(ctx, path, token, plain)
	if err != nil {
		return err
	}
	b.Printf("%-44s %10v  %.1f MB\n", "first document of an environment", time.Since(began).Round(time.Millisecond), megabytes(first.bytes))
	zipped := map[string]string{"Unleash-Client-Spec": "5.2.0", "Accept-Encoding": "gzip"}
	if _, err := b.server.get(ctx, path, token, zipped); err != nil {
		return err
	}
	unchanged := map[string]string{"Unleash-Client-Spec": "5.2.0", "If-None-Match": first.header.Get("ETag")}
	for _, c := range []struct {
		name   string
		header map[string]string
	}{{"the document", plain}, {"the document, gzip", zipped}, {"the document, unchanged (304)", unchanged}} {
		took, bytes, allocated, err := b.repeat(ctx, path, token, c.header)
		if err != nil {
			return err
		}
		floor, err := floorOf(ctx, bytes)
		if err != nil {
			return err
		}
		b.Printf("%-44s %10v  %.2f MB, %.2f of the floor's %v; allocates %.1f KB, limit %d KB: %s\n", c.name, took, megabytes(bytes),
			float64(took)/float64(floor), floor, allocated/1024, requestLimit>>10, b.met(allocated < requestLimit))
	}
	return nil
}

// repeat makes a request again and again. It returns the median time, the bytes
// of the body, and those that the server allocated.
func (b *bench) repeat(ctx context.Context, path, token string, header map[string]string) (time.Duration, int64, float64, error) {
	before, err := b.server.allocated(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	again, err := b.server.allocated(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	scrape := again - before // what asking costs
	var times []time.Duration
	var a answer
	for range requests {
		began := time.Now()
		if a, err = b.server.get(ctx, path, token, header); err != nil {
			return 0, 0, 0, err
		}
		times = append(times, time.Since(began))
	}
	after, err := b.server.allocated(ctx)
	return quantile(times, 50), a.bytes, (after - again - scrape) / requests, err
}

// floorOf returns what the same bytes take from a server that has nothing else
// to do than to write them.
func floorOf(ctx context.Context, n int64) (time.Duration, error) {
	body := bytes.Repeat([]byte("x"), int(n))
	floor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer floor.Close()
	s := &server{Process: &process.Process{URL: floor.URL}, client: http.Client{Transport: &http.Transport{DisableCompression: true}}}
	var times []time.Duration
	for range requests {
		began := time.Now()
		if _, err := s.get(ctx, "/", "", nil); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	return quantile(times, 50), nil
}

// changes times toggles, with nobody and with many who follow them.
func (b *bench) changes(ctx context.Context) error {
	durable, err := durableFloor(b.data)
	if err != nil {
		return err
	}
	b.Printf("%-44s %10v\n", "floor: 4 KB made durable (p50)", durable)
	for _, n := range []int{0, 100, 1000} {
		followers, err := follow(ctx, b.server, environment(0), n)
		if err != nil {
			return err
		}
		took, err := b.toggle(ctx)
		if err != nil {
			return err
		}
		p50 := quantile(took, 50)
		b.verdict(fmt.Sprintf("toggle, %d followers (p50)", n), p50, toggleLimit)
		b.Printf("%-44s %10v  p99 %v; p50 is %.1f times the floor\n", "", "", quantile(took, 99).Round(10*time.Microsecond), float64(p50)/float64(durable))
		if n > 0 {
			late, err := followers.lag(ctx, b.server)
			if err != nil {
				return err
			}
			b.Printf("%-44s %10v  p99 %v\n", "  from the request to the last follower (p50)", quantile(late, 50).Round(10*time.Microsecond), quantile(late, 99).Round(10*time.Microsecond))
		}
		followers.close()
	}
	return nil
}

// toggle switches flags of the environment off and on.
func (b *bench) toggle(ctx context.Context) ([]time.Duration, error) {
	r := rand.New(rand.NewPCG(2, 0))
	var times []time.Duration
	for i := range toggles {
		began := time.Now()
		if err := b.server.toggle(ctx, r.IntN(flags), i%2 == 0); err != nil {
			return nil, err
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

func (s *server) toggle(ctx context.Context, i int, on bool) error {
	state := "off"
	if on {
		state = "on"
	}
	path := fmt.Sprintf("/api/admin/projects/%s/features/%s/environments/%s/%s", project(i%projects), flagName(i), environment(0), state)
	return s.call(ctx, http.MethodPost, path, nil)
}

// resident reads every environment, as its clients would, and reports the
// memory that this takes.
func (b *bench) resident(ctx context.Context) error {
	report := func(what string) error {
		now, err := b.server.Memory("VmRSS")
		if err != nil {
			return err
		}
		b.Printf("%-44s %7.0f MB  limit %d MB: %s\n", what, megabytes(now), memoryLimit>>20, b.met(now <= memoryLimit))
		return nil
	}
	if err := report("resident, one environment followed"); err != nil {
		return err
	}
	for i := range environments {
		header := map[string]string{"Unleash-Client-Spec": "5.2.0", "Accept-Encoding": "gzip"}
		if _, err := b.server.get(ctx, "/api/client/features", backendToken(environment(i)), header); err != nil {
			return err
		}
	}
	if err := report(fmt.Sprintf("resident, all %d environments read", environments)); err != nil {
		return err
	}
	most, err := b.server.Memory("VmHWM")
	b.Printf("%-44s %7.0f MB\n", "the most that was ever resident", megabytes(most))
	return err
}

// durableFloor returns what it takes to append a page to a file of a directory
// and make it durable.
func durableFloor(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "floor-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	var times []time.Duration
	for range 200 {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	return quantile(times, 50), nil
}

// quantile returns the p-th percentile.
func quantile(times []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)*p/100]
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }
