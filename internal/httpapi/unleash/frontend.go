package unleash

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeFrontend adds what browsers and phones call, which are told the answers
// and not the rules. /api/proxy is the name that Unleash's former proxy, and
// its Edge, have for the same; all and features are Edge's alone.
func (a *Clients) routeFrontend(mux *http.ServeMux) {
	for _, base := range []string{"/api/frontend", "/api/proxy"} {
		for pattern, h := range map[string]httpapi.Handler{
			"GET " + base:                                    a.evaluateEnabled,
			"POST " + base:                                   a.evaluateEnabled,
			"GET " + base + "/{$}":                           a.evaluateEnabled,
			"POST " + base + "/{$}":                          a.evaluateEnabled,
			"GET " + base + "/all":                           a.evaluateAll,
			"POST " + base + "/all":                          a.evaluateAll,
			"GET " + base + "/features/{name}":               a.evaluateOne,
			"POST " + base + "/features/{name}":              a.evaluateOne,
			"POST " + base + "/client/register":              a.reported(http.StatusOK, a.register),
			"POST " + base + "/client/metrics":               a.reported(http.StatusOK, a.metrics),
			"POST " + base + "/client/events":                a.impressions,
			"GET " + base + "/client/features":               notImplemented,
			"GET " + base + "/health":                        notImplemented,
			"GET " + base + "/internal-backstage/prometheus": notImplemented,
		} {
			mux.Handle(pattern, a.cors.Wrap(a.open(a.only(control.TokenFrontend, h))))
		}
		mux.Handle("OPTIONS "+base, a.cors.Wrap(http.HandlerFunc(httpapi.Preflight)))
		mux.Handle("OPTIONS "+base+"/", a.cors.Wrap(http.HandlerFunc(httpapi.Preflight)))
	}
}

// evaluateEnabled answers with the flags that are on for the request's context.
func (a *Clients) evaluateEnabled(w http.ResponseWriter, r *http.Request) error {
	return a.evaluate(w, r, false)
}

// evaluateAll answers with every flag.
func (a *Clients) evaluateAll(w http.ResponseWriter, r *http.Request) error {
	return a.evaluate(w, r, true)
}

// evaluate answers with all flags or with those that are on, in Unleash's
// frontendApiFeaturesSchema.
func (a *Clients) evaluate(w http.ResponseWriter, r *http.Request, all bool) error {
	view, c, err := a.evaluation(w, r)
	if err != nil {
		return err
	}
	return writeEvaluated(w, r, func(b []byte) []byte {
		return append(view.Append(append(b, `{"toggles":[`...), toggle, c, all), `]}`...)
	})
}

// evaluateOne answers with one flag, on or off.
func (a *Clients) evaluateOne(w http.ResponseWriter, r *http.Request) error {
	view, c, err := a.evaluation(w, r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	one, found := view.AppendOne(nil, toggle, name, c)
	if !found {
		return control.Errorf(control.NotFound, "not_found", "there is no flag %q in what this token may read", name)
	}
	return writeEvaluated(w, r, func(b []byte) []byte { return append(b, one...) })
}

// evaluation returns what the request's token sees, and the context to decide
// it for. A frontend token has no PermClientRead, which reads the rules: what
// it may report on is what it may have decided.
func (a *Clients) evaluation(w http.ResponseWriter, r *http.Request) (*feed.View, *eval.Context, error) {
	env, scope, err := a.granted(r, control.PermClientWrite)
	if err != nil {
		return nil, nil, err
	}
	c, err := a.subject(w, r)
	if err != nil {
		return nil, nil, err
	}
	return env.Snapshot(scope), c, nil
}

// impressions answers POST .../client/events, one event or a list of them. They
// are looked at and not kept: what a release needs of exposures comes from
// back-end SDKs, which decide them.
func (a *Clients) impressions(w http.ResponseWriter, r *http.Request) error {
	var in any
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// notImplemented answers what a client could expect below the frontend API and
// Unleash refuses there.
func notImplemented(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Allow", http.MethodOptions)
	return httpapi.WriteJSON(w, http.StatusMethodNotAllowed, failure{
		ID: uuid.NewString(), Name: "NotImplementedError", Message: "the frontend API does not answer " + r.Method + " " + r.URL.Path,
	})
}
