package unleash

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// serverVersion is the version of Unleash's server whose API this is. Edges
// and SDKs read it from X-Unleash-Version to know what they may use.
const serverVersion = "8.1.0"

// Options are what an API is made of. Service, Hub and Usage are needed.
type Options struct {
	Service *control.Service
	Hub     *feed.Hub
	Usage   control.UsageStore

	Passwords   Passwords
	VerifierKey string           // verifies what Hub signs; "" where it does not
	Origins     []string         // of the pages that may call the frontend API; * or none for any
	Now         func() time.Time // time.Now where nil
	Logger      *slog.Logger     // slog.Default where nil

	// EdgeSecret is what Unleash Edges sign with that ask for tokens; see the
	// function EdgeSecret. None is issued without it.
	EdgeSecret []byte
}

// API answers the paths of Unleash. Its methods may be called from any
// goroutine.
type API struct {
	*Clients

	service *control.Service
	issuer  *issuer

	passwords Passwords
}

// New returns an API. What clients report reaches the store while Run runs.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &API{
		Clients: NewClients(ClientOptions{
			Auth: o.Service, Feed: o.Hub, Sink: newStoreSink(o.Usage, o.Service, o.Logger), Ready: storeAnswers(o.Service),
			VerifierKey: o.VerifierKey, Origins: o.Origins, Now: o.Now, Logger: o.Logger,
		}),
		service: o.Service, issuer: newIssuer(o.EdgeSecret, o.Now), passwords: o.Passwords,
	}
}

// storeAnswers is how a plane is ready.
func storeAnswers(s *control.Service) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.Environments(ctx, control.Engine())
		return err
	}
}

// Register adds the routes to a mux. Every other path below /api/ is answered
// as Unleash does.
func (a *API) Register(mux *http.ServeMux) {
	a.Clients.Register(mux)
	mux.Handle("POST "+issuePath, a.open(a.issueTokens))
	a.routeAdmin(mux)
	a.routeFlags(mux)
	a.routeDependencies(mux)
	a.routeVariants(mux)
	a.routeStrategies(mux)
	a.routeStrategyTypes(mux)
	a.routeSegments(mux)
	a.routeContext(mux)
	a.routeTags(mux)
	a.routeStandingTags(mux)
	a.routeFlagTypes(mux)
	a.routeEnvironments(mux)
	a.routeProjects(mux)
	a.routeSearch(mux)
	a.routeLifecycle(mux)
	a.routeFavorites(mux)
	a.routeUsage(mux)
	a.routeApplications(mux)
	a.routePlayground(mux)
	a.routeEvents(mux)
	a.routeBatch(mux)
	a.routeTokens(mux)
	a.routeProjectTokens(mux)
	a.routeMe(mux)
	a.routeUsers(mux)
	a.routeRoles(mux)
	a.routeGroups(mux)
	a.routeServiceAccounts(mux)
	a.routeAccess(mux)
}

// routeAdmin adds what people's tools call.
func (a *API) routeAdmin(mux *http.ServeMux) {
	const (
		admin    = "/api/admin"
		features = admin + "/projects/{project}/features"
		feature  = features + "/{feature}"
		env      = feature + "/environments/{environment}"
		rules    = env + "/strategies"
	)
	for pattern, h := range map[string]httpapi.Handler{
		"GET " + admin + "/projects":              a.projects,
		"POST " + admin + "/projects":             a.createProject,
		"GET " + admin + "/environments":          a.environments,
		"POST " + admin + "/environments":         a.createEnvironment,
		"GET " + admin + "/api-tokens":            a.tokens,
		"POST " + admin + "/api-tokens":           a.createToken,
		"DELETE " + admin + "/api-tokens/{token}": a.revokeToken,
		"GET " + features:                         a.flags,
		"POST " + features:                        a.createFlag,
		"GET " + feature:                          a.flag,
		"GET " + env:                              a.flagEnvironment,
		"GET " + rules:                            a.strategies,
		"POST " + rules:                           a.addStrategy,
		"GET " + rules + "/{strategy}":            a.strategy,
		"PUT " + rules + "/{strategy}":            a.updateStrategy,
		"DELETE " + rules + "/{strategy}":         a.deleteStrategy,
	} {
		mux.Handle(pattern, a.admin(h))
	}
}

// admin serves a route for any valid token; what its principal may do is for
// control to say.
func (a *API) admin(h httpapi.Handler) http.Handler {
	return a.open(httpapi.Authenticate(a.service, func(w http.ResponseWriter, r *http.Request) error {
		t := httpapi.CallerOf(r.Context()).Token.Type
		if t != control.TokenBackend && t != control.TokenFrontend {
			return h(w, r)
		}
		if r.Method != http.MethodGet { // a write is for control to refuse, and to record
			if err := h(w, r); control.KindOf(err) != control.Denied {
				return err
			}
		}
		return wrongTokenType(control.TokenAdmin, t)
	}))
}

func wrongTokenType(want, got control.TokenType) error {
	return control.Errorf(control.Denied, "wrong_token_type", "this endpoint takes tokens of type %s, and this one is of type %s", want, got)
}
