package unleash

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// application is how an SDK introduces itself in each of its bodies.
type application struct {
	AppName    string `json:"appName"`
	InstanceID string `json:"instanceId"`
	SDKVersion string `json:"sdkVersion"`
}

// register reads POST .../client/register.
func (a *API) register(w http.ResponseWriter, r *http.Request) (report, error) {
	var in struct {
		application
		Interval   float64  `json:"interval"`
		Started    moment   `json:"started"`
		Strategies []string `json:"strategies"`
	}
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return report{}, err
	}
	if in.Interval < 0 {
		return report{}, control.Invalidf("interval", "must not be negative")
	}
	instance, err := a.instance(r, in.application)
	return report{instances: []control.Instance{instance}}, err
}

// reported takes the report that read finds in a request, and answers with a
// status and no body: Unleash's client API says 202, its frontend API 200.
func (a *API) reported(status int, read func(http.ResponseWriter, *http.Request) (report, error)) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		in, err := read(w, r)
		if err != nil {
			return err
		}
		return a.accept(w, status, in)
	}
}

// accept takes a report and answers with a status and no body.
func (a *API) accept(w http.ResponseWriter, status int, in report) error {
	if err := a.reports.add(in); err != nil {
		return err
	}
	w.Header().Set("X-Unleash-Version", serverVersion)
	w.WriteHeader(status)
	return nil
}

// instance returns who sent the request, in the environment of its token.
func (a *API) instance(r *http.Request, in application) (control.Instance, error) {
	out := control.Instance{
		App: in.AppName, ID: cmp.Or(in.InstanceID, "default"),
		Environment: httpapi.CallerOf(r.Context()).Token.Environment,
		SDK:         cmp.Or(r.Header.Get("unleash-sdk"), r.Header.Get("x-unleash-sdk"), in.SDKVersion),
		SeenAt:      a.now().UTC(),
	}
	err := firstError(
		checkLabel("appName", out.App), checkLabel("instanceId", out.ID), checkText("sdkVersion", out.SDK),
	)
	return out, err
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
