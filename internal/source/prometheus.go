package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

const (
	queryTimeout = 5 * time.Second
	maxAnswer    = 1 << 20 // bytes: one figure needs some hundred
)

// prometheus asks one server by its HTTP API
// (https://prometheus.io/docs/prometheus/latest/querying/api).
type prometheus struct {
	url    string
	client *http.Client
}

func newPrometheus(base string) (*prometheus, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the address of the Prometheus server: want an http or https URL") // without it: it may hold a password
	}
	return &prometheus{u.JoinPath("api/v1/query").String(), &http.Client{
		Timeout:       queryTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// answer is the envelope of the API.
type answer struct {
	Status   string   `json:"status"`
	Error    string   `json:"error"`
	Warnings []string `json:"warnings"`
	Data     struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	} `json:"data"`
}

// query evaluates an expression at the server's own time, so that an answer
// from a cache, or a server whose clock is wrong, shows. What a selector finds
// may be maxAge old, in place of the server's five minutes; servers that do not
// know the parameter ignore it.
func (p *prometheus) query(ctx context.Context, expr string, maxAge time.Duration) (float64, time.Time, error) {
	form := url.Values{
		"query": {expr}, "timeout": {queryTimeout.String()},
		"lookback_delta": {strconv.FormatFloat(maxAge.Seconds(), 'f', -1, 64)},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, time.Time{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address
		}
		return 0, time.Time{}, fmt.Errorf("asking Prometheus: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("reading Prometheus' answer: %w", err)
	}
	if len(body) > maxAnswer {
		return 0, time.Time{}, fmt.Errorf("Prometheus' answer has more than %d bytes: want one figure", maxAnswer) //nolint:staticcheck // a name
	}
	return figure(resp.StatusCode, body)
}

// figure reads an answer: a scalar, or a vector of one element.
func figure(status int, body []byte) (float64, time.Time, error) {
	var a answer
	err := json.Unmarshal(body, &a)
	switch {
	case err == nil && a.Status == "error":
		return 0, time.Time{}, fmt.Errorf("Prometheus answers: %.300s", a.Error) //nolint:staticcheck // a name
	case status != http.StatusOK:
		return 0, time.Time{}, fmt.Errorf("Prometheus answers with status %d", status) //nolint:staticcheck // a name
	case err != nil:
		return 0, time.Time{}, fmt.Errorf("Prometheus' answer is not JSON: %w", err) //nolint:staticcheck // a name
	case a.Status != "success":
		return 0, time.Time{}, fmt.Errorf("Prometheus' answer has the status %.20q", a.Status) //nolint:staticcheck // a name
	case len(a.Warnings) > 0:
		return 0, time.Time{}, fmt.Errorf("Prometheus answers in part: %.300s", a.Warnings[0]) //nolint:staticcheck // a name
	}
	var sample [2]any
	switch a.Data.Type {
	case "scalar":
		err = json.Unmarshal(a.Data.Result, &sample)
	case "vector":
		var vector []struct {
			Value [2]any `json:"value"`
		}
		if err = json.Unmarshal(a.Data.Result, &vector); err == nil {
			if len(vector) != 1 {
				return 0, time.Time{}, fmt.Errorf("the query gives %d figures, want one", len(vector))
			}
			sample = vector[0].Value
		}
	default:
		return 0, time.Time{}, fmt.Errorf("the query gives a %.20q, want a scalar or a vector of one", a.Data.Type)
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("the query's result: %w", err)
	}
	return readSample(sample)
}

// readSample reads [seconds, "value"].
func readSample(sample [2]any) (float64, time.Time, error) {
	seconds, isTime := sample[0].(float64)
	text, isText := sample[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if !isTime || !isText || err != nil || math.Abs(seconds) > 1e11 {
		return 0, time.Time{}, errors.New("the query's result: want [seconds, \"value\"]")
	}
	return value, time.UnixMilli(int64(seconds * 1000)), nil
}

// expand puts the release into an expression: $flag, $environment, $build and
// $control, for use within "quotes".
func expand(expr string, r control.ReleaseView) string {
	quoted := func(s string) string { q := strconv.Quote(s); return q[1 : len(q)-1] }
	return strings.NewReplacer(
		"$flag", quoted(r.Flag), "$environment", quoted(r.Environment), "$build", quoted(r.Build), "$control", quoted(r.Control),
	).Replace(expr)
}
