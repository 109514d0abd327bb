package unleash

import (
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeEdge adds what Unleash Edge calls beside the client API.
func (a *Clients) routeEdge(mux *http.ServeMux) {
	mux.Handle("POST /edge/validate", a.open(a.validateTokens))
	mux.Handle("POST /edge/metrics", a.open(a.edgeMetrics))
	mux.Handle("/edge/", a.open(noSuchPath))
	mux.Handle("POST /api/client/metrics/edge", a.client(a.edgeInstance))
	mux.Handle("POST /api/client/edge-licensing/heartbeat", a.client(edgeLicence))
}

// edgeToken is Unleash's edgeTokenSchema.
type edgeToken struct {
	Token       string   `json:"token"`
	Type        string   `json:"type"`
	Projects    []string `json:"projects"`
	Environment string   `json:"environment"`
}

// maxTokens is how many tokens one request may ask about.
const maxTokens = 1000

// validateTokens answers POST /edge/validate: which of the tokens that an edge
// was shown are valid, and for what. It needs no token, since whoever asks has
// those that it asks about.
func (a *Clients) validateTokens(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Tokens []string `json:"tokens"`
	}
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return err
	}
	switch {
	case in.Tokens == nil:
		return control.Invalidf("tokens", "is missing")
	case len(in.Tokens) > maxTokens:
		return &control.Error{Kind: control.TooLarge, Code: "too_large", Field: "tokens", Msg: "must not be more than " + strconv.Itoa(maxTokens)}
	}
	out := struct {
		Tokens []edgeToken `json:"tokens"`
	}{Tokens: []edgeToken{}}
	for _, secret := range in.Tokens {
		_, t, err := a.auth.Authenticate(r.Context(), secret)
		switch {
		case err == nil:
			out.Tokens = append(out.Tokens, edgeToken{secret, edgeType(t.Type), t.Projects, t.Environment})
		case control.KindOf(err) != control.Unauthenticated:
			return err
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// edgeType is the name of a type of token that every version of Edge reads.
func edgeType(t control.TokenType) string {
	if t == control.TokenBackend {
		return "client"
	}
	return string(t)
}

// edgeMetrics answers POST /edge/metrics, the older name of
// /api/client/metrics/bulk. Edges of its time send no token with it. What comes
// without one is answered, so that they do not hold it back, but it is not
// kept: anybody could have sent it.
func (a *Clients) edgeMetrics(w http.ResponseWriter, r *http.Request) error {
	if httpapi.Secret(r) != "" {
		return a.only(control.TokenBackend, a.reported(http.StatusAccepted, a.bulkMetrics))(w, r)
	}
	var in bulk
	if err := bulkBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.accept(w, http.StatusAccepted, control.Reports{})
}

// edgeInstance answers POST /api/client/metrics/edge, in which an edge tells
// how it does. That is of use to Unleash's own console, and is not kept.
func (a *Clients) edgeInstance(w http.ResponseWriter, r *http.Request) error {
	var in map[string]any
	if err := bulkBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.accept(w, http.StatusAccepted, control.Reports{})
}

// edgeLicence answers POST /api/client/edge-licensing/heartbeat. An edge told
// anything but Valid stops to refresh, and here no edge needs a licence.
func edgeLicence(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.WriteJSON(w, http.StatusAccepted, map[string]string{"edgeLicenseState": "Valid"})
}
