package unleash

import (
	"cmp"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// application is how an SDK introduces itself in each of its bodies.
type application struct {
	AppName      string `json:"appName"`
	InstanceID   string `json:"instanceId"`
	ConnectionID string `json:"connectionId"`
	SDKVersion   string `json:"sdkVersion"`
}

// register reads POST .../client/register.
func (a *Clients) register(w http.ResponseWriter, r *http.Request) (control.Reports, error) {
	var in struct {
		application
		Interval   float64  `json:"interval"`
		Started    moment   `json:"started"`
		Strategies []string `json:"strategies"`
	}
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return control.Reports{}, err
	}
	if in.Interval < 0 {
		return control.Reports{}, control.Invalidf("interval", "must not be negative")
	}
	instance, err := a.instance(r, in.application)
	if err != nil {
		return control.Reports{}, err
	}
	if instance.Strategies, err = checkStrategyNames(in.Strategies); err != nil {
		return control.Reports{}, err
	}
	if strings.HasPrefix(r.URL.Path, "/api/client/") {
		w.Header().Set("X-Unleash-Version", serverVersion)
	}
	return control.Reports{Instances: []control.Instance{instance}}, nil
}

// reported takes the report that read finds in a request, and answers with a
// status as Unleash does: its client API says 202 without a body, its frontend
// API 200 and "OK".
func (a *Clients) reported(status int, read func(http.ResponseWriter, *http.Request) (control.Reports, error)) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		in, err := read(w, r)
		if err != nil {
			return err
		}
		return a.accept(w, status, in)
	}
}

// accept takes a report and answers with a status and no body.
func (a *Clients) accept(w http.ResponseWriter, status int, in control.Reports) error {
	if err := a.reports.add(in); err != nil {
		return err
	}
	if status == http.StatusOK { // as Express has it
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("ETag", httpapi.WeakETag([]byte(http.StatusText(status))))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, http.StatusText(status)) // the client has gone where it fails
		return nil
	}
	w.WriteHeader(status)
	return nil
}

// instance returns who sent the request, in the environment of its token.
func (a *Clients) instance(r *http.Request, in application) (control.Instance, error) {
	out := control.Instance{
		App: in.AppName, ID: cmp.Or(in.InstanceID, "default"),
		Environment: httpapi.CallerOf(r.Context()).Token.Environment,
		SDK:         cmp.Or(r.Header.Get("unleash-sdk"), r.Header.Get("x-unleash-sdk"), in.SDKVersion),
		SeenAt:      a.now().UTC(),
		Frontend:    httpapi.CallerOf(r.Context()).Token.Type == control.TokenFrontend,
		Projects:    httpapi.CallerOf(r.Context()).Token.Projects,
	}
	err := firstError(
		checkLabel("appName", out.App), checkLabel("instanceId", out.ID), checkText("sdkVersion", out.SDK),
	)
	return out, err
}

// maxStrategies is how many kinds of strategy an instance may name.
const maxStrategies = 100

// checkStrategyNames refuses names that cannot be kept, or too many of them.
func checkStrategyNames(names []string) ([]string, error) {
	if len(names) > maxStrategies {
		return nil, control.Invalidf("strategies", "must not be more than %d", maxStrategies)
	}
	for i, name := range names {
		if err := checkText(index("strategies", i), name); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// maxProjects is how many projects an instance may be said to read.
const maxProjects = 1000

// checkProjects refuses names that cannot be kept, or too many of them.
func checkProjects(names []string) error {
	if len(names) > maxProjects {
		return control.Invalidf("projects", "must not be more than %d", maxProjects)
	}
	for i, name := range names {
		if err := checkText(index("projects", i), name); err != nil {
			return err
		}
	}
	return nil
}

// maxLabel is how long, in bytes, a name that a client gives may be.
const maxLabel = 255

// checkLabel refuses a name that is missing or cannot be kept.
func checkLabel(field, value string) error {
	if value == "" {
		return control.Invalidf(field, "is missing")
	}
	return checkText(field, value)
}

// checkText refuses what neither database keeps or no person can read.
func checkText(field, value string) error {
	if len(value) > maxLabel {
		return control.Invalidf(field, "must not be longer than %d bytes", maxLabel)
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return control.Invalidf(field, "must be text without control characters")
	}
	return nil
}

// firstError returns the first error that there is, in the order given.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
