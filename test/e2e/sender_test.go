package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// observation is one line of native evidence.
type observation struct {
	At          time.Time `json:"at"`
	Environment string    `json:"environment"`
	Flag        string    `json:"flag"`
	Arm         string    `json:"arm"`
	Unit        string    `json:"unit"`
	Build       string    `json:"build"`
	Signal      string    `json:"signal"`
	Pass        *bool     `json:"pass,omitempty"`
}

// ndjson is the body of a request with observations.
func ndjson(lines []observation) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, line := range lines {
		_ = enc.Encode(line) // to memory, of what always encodes
	}
	return b.Bytes()
}

// submit sends observations with the backend token, all of which must count.
func (p *plane) submit(ctx context.Context, lines []observation, headers map[string]string) error {
	r := request{
		method: http.MethodPost, path: "/api/v1/evidence", token: backendToken,
		contentType: "application/x-ndjson", headers: headers, body: ndjson(lines),
	}
	a, err := p.send(ctx, r)
	if err != nil {
		return err
	}
	var taken struct {
		Accepted int `json:"accepted"`
	}
	if a.status != http.StatusAccepted {
		return &refused{r, a}
	}
	if err := json.Unmarshal(a.body, &taken); err != nil {
		return err
	}
	if taken.Accepted != len(lines) {
		return &refused{r, a}
	}
	return nil
}

// flight is a release as the tests start it: of candidate over stable.
type flight struct {
	id, flag string
	percent  int // of the milestone being served
}

const (
	candidate = "build-2"
	stable    = "build-1"
)

// exposures returns a line for each of so many units of the compared arms, the
// next ones after *next, which name a unit each.
func (f flight) exposures(prefix string, next *int, count int) []observation {
	var out []observation
	for len(out) < count {
		*next++
		unit := prefix + "-" + strconv.Itoa(*next)
		arm := eval.ArmOf(f.id, unit, f.percent)
		build := stable
		switch arm {
		case eval.Treatment:
			build = candidate
		case eval.Rest:
			continue
		}
		out = append(out, observation{
			At: time.Now(), Environment: environment, Flag: f.flag, Arm: arm, Unit: unit, Build: build, Signal: "exposure",
		})
	}
	return out
}

// sender sends evidence, batch after batch. One that was not acknowledged is
// sent again, under the same number, before any other.
type sender struct {
	name    string
	flight  flight
	units   int
	batch   []observation // under way
	number  int           // of batch
	acked   int           // observations acknowledged
	batches int           // acknowledged
}

const batchSize = 5

func (s *sender) run(ctx context.Context, p *plane) error {
	for {
		if s.batch == nil {
			s.number++
			s.batch = s.flight.exposures(s.name, &s.units, batchSize)
		}
		err := p.submit(ctx, s.batch, map[string]string{
			"Lockflight-Source": s.name, "Lockflight-Sequence": strconv.Itoa(s.number),
		})
		if err != nil {
			return unlessGone(err)
		}
		s.acked += len(s.batch)
		s.batches++
		s.batch = nil
	}
}

// unlessGone returns an error that is the server's own answer, and nil for one
// that only means that no whole answer came.
func unlessGone(err error) error {
	if _, ok := errors.AsType[*refused](err); ok {
		return fmt.Errorf("the server refused a write: %w", err)
	}
	return nil
}
