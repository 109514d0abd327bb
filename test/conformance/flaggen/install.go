package flaggen

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Server is where a world is put: a project and an environment of a server with
// Unleash's admin API.
type Server struct {
	URL         string // without a slash at the end
	Token       string // of an admin
	Project     string
	Environment string
}

// Install makes the segments and flags of a world. The server gives segments
// ids of its own. The first error ends it.
func (w World) Install(ctx context.Context, s Server) error {
	ids := map[int]int{}
	for _, seg := range w.Segments {
		var made struct{ ID int }
		if err := s.Do(ctx, http.MethodPost, "/api/admin/segments", segmentBody{seg.Name, seg.Constraints}, &made); err != nil {
			return err
		}
		ids[seg.ID] = made.ID
	}
	for _, f := range w.Flags {
		if err := s.install(ctx, f, ids); err != nil {
			return err
		}
	}
	return nil
}

type segmentBody struct {
	Name        string            `json:"name"`
	Constraints []eval.Constraint `json:"constraints"`
}

// install makes a flag whose parents are there.
func (s Server) install(ctx context.Context, f eval.Flag, ids map[int]int) error {
	if err := s.Do(ctx, http.MethodPost, s.features(), struct {
		Name           string `json:"name"`
		Type           string `json:"type"`
		ImpressionData bool   `json:"impressionData"`
	}{f.Name, f.Type, f.ImpressionData}, nil); err != nil {
		return err
	}
	flag := s.features() + "/" + url.PathEscape(f.Name)
	env := flag + "/environments/" + url.PathEscape(s.Environment)
	for _, st := range f.Strategies {
		for i, id := range st.Segments {
			st.Segments[i] = ids[id]
		}
		if err := s.Do(ctx, http.MethodPost, env+"/strategies", st, nil); err != nil {
			return err
		}
	}
	if len(f.Variants) > 0 {
		if err := s.Do(ctx, http.MethodPut, env+"/variants", f.Variants, nil); err != nil {
			return err
		}
	}
	for _, d := range f.Dependencies {
		if err := s.Do(ctx, http.MethodPost, flag+"/dependencies", d, nil); err != nil {
			return err
		}
	}
	return s.Switch(ctx, f.Name, f.Enabled)
}

// Switch switches a flag on or off in the environment.
func (s Server) Switch(ctx context.Context, flag string, on bool) error {
	action := "/off"
	if on {
		action = "/on"
	}
	return s.Do(ctx, http.MethodPost, s.features()+"/"+url.PathEscape(flag)+"/environments/"+url.PathEscape(s.Environment)+action, nil, nil)
}

func (s Server) features() string {
	return "/api/admin/projects/" + url.PathEscape(s.Project) + "/features"
}

// Do sends a request of the admin API with body as JSON, where it is not nil,
// and reads the answer into out, where that is not nil. A status from 300 on is
// an error.
func (s Server) Do(ctx context.Context, method, path string, body, out any) error {
	payload := []byte{}
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", s.Token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		return fmt.Errorf("%s %s %s: %w", method, path, payload, err)
	}
	return nil
}
