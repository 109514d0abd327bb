package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/process"
)

const (
	flags         = 100
	everyone      = 0 // the flag that is on for every user
	adminToken    = "*:*.bench-admin"
	backendToken  = "*:production.bench-backend"
	frontendToken = "*:production.bench-frontend"
)

func flagName(i int) string { return fmt.Sprintf("checkout.feature-%02d", i) }

// world is a control plane of 100 flags, each a rollout to half of the users,
// an edge that follows it, and the floor: a process each.
type world struct {
	plane, edge, floor *process.Process
}

func newWorld(ctx context.Context, dir string) (w *world, err error) {
	binary, err := process.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w = &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	tokens := []string{
		"INIT_ADMIN_API_TOKENS=" + adminToken, "INIT_BACKEND_API_TOKENS=" + backendToken, "INIT_FRONTEND_API_TOKENS=" + frontendToken,
	}
	w.plane, err = process.Start(ctx, tokens, binary, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	if err = w.build(ctx); err != nil {
		return nil, err
	}
	w.edge, err = process.Start(ctx, nil, binary, "edge", "--listen", "127.0.0.1:0", "--upstream", w.plane.URL, "--token", backendToken, "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	w.floor, err = process.Start(ctx, nil, self, "floor")
	return w, err
}

func (w *world) close() (err error) {
	for _, p := range []*process.Process{w.edge, w.plane, w.floor} {
		if p != nil {
			err = errors.Join(err, p.Kill())
		}
	}
	return err
}

// build makes the flags through the API.
func (w *world) build(ctx context.Context) error {
	const features = "/api/admin/projects/default/features"
	for i := range flags {
		rollout := "50"
		if i == everyone {
			rollout = "100"
		}
		if err := w.post(ctx, features, map[string]any{"name": flagName(i), "type": "release"}); err != nil {
			return err
		}
		strategies := features + "/" + flagName(i) + "/environments/production/strategies"
		rule := map[string]any{"name": "flexibleRollout", "parameters": map[string]string{"rollout": rollout, "stickiness": "default", "groupId": flagName(i)}}
		if err := w.post(ctx, strategies, rule); err != nil {
			return err
		}
		if err := w.toggle(ctx, i, true); err != nil {
			return err
		}
	}
	return nil
}

// toggle switches a flag on or off, at the plane.
func (w *world) toggle(ctx context.Context, i int, on bool) error {
	state := "off"
	if on {
		state = "on"
	}
	return w.post(ctx, "/api/admin/projects/default/features/"+flagName(i)+"/environments/production/"+state, nil)
}

func (w *world) post(ctx context.Context, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return post(ctx, w.plane.URL+path, body)
}

func post(ctx context.Context, url string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", adminToken)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("POST %s: %s %.500s", url, resp.Status, said)
	}
	return err
}
