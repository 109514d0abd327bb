package sdk

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Options says which server a Client follows and how. A field left at its zero
// value takes the default that its comment names. At least one of URL and
// Bootstrap is required; with a URL, Token and AppName are required too.
type Options struct {
	// URL is the server's or an edge's address, with or without a trailing
	// "/api". Empty means offline: Bootstrap is served, usage is counted and
	// nothing is sent.
	URL string
	// Token is a backend token. It decides the environment and the projects.
	Token string
	// AppName names the application in usage reports, and is the context's
	// AppName wherever a check leaves it empty.
	AppName string
	// InstanceID tells apart the instances of an application. Default: the
	// host's name and a random part.
	InstanceID string
	// Environment is what evidence and contexts without one carry. Default:
	// the one that the configuration names, else the token's.
	Environment string

	// Build is the build that this process runs behind its flags: treatment
	// evidence carries it. Default: the parameter "build" of the release's
	// strategy, else "unknown", which a gate counts as a foreign build.
	Build string
	// ControlBuild is the build that units in the control arm get. It must
	// differ from Build, since a gate leaves out control evidence from the
	// build under test. Default "control".
	ControlBuild string

	// Bootstrap is a client features document to serve until the server or a
	// backup has answered.
	Bootstrap []byte
	// BackupDir is where the last configuration is kept, one file per server
	// and token, for a start without the server. Empty means no backup.
	BackupDir string

	// RefreshInterval is the time between polls while the server does not
	// stream. Default 15 s.
	RefreshInterval time.Duration
	// MetricsInterval is the time between usage reports. Default 60 s.
	MetricsInterval time.Duration
	// EvidenceInterval is the longest time that an exposure or an outcome
	// waits before it is sent. Default 1 s.
	EvidenceInterval time.Duration
	// StaleAfter is the age at which unconfirmed configuration counts as
	// stale. It goes on being served. Default 90 s, and at least three
	// refresh intervals.
	StaleAfter time.Duration
	// DisableStreaming makes the client poll only.
	DisableStreaming bool

	// HTTPClient sends every request. Its Timeout must be 0, or it cuts
	// streams. Default: one of the client's own, closed with it.
	HTTPClient *http.Client
	// Logger gets what a person may want to know. Default: none.
	Logger *slog.Logger

	// OnExposure is called for each exposure, whether a server is told or not:
	// once for each unit, flag and release, on the goroutine of the check. It
	// must not block.
	OnExposure func(Exposure)
	// OnTrack is called for each call of Track with an outcome that a server
	// could take, on the goroutine of the call. It must not block.
	OnTrack func(Tracked)

	// OnReady is called when there is configuration to serve for the first
	// time, and when stale configuration is fresh again.
	OnReady func()
	// OnChanged is called after new configuration is served. Changes in quick
	// succession may share a call.
	OnChanged func()
	// OnStale is called once whenever the configuration becomes stale.
	//
	// Callbacks run one at a time on a goroutine of their own. They must not
	// call Close, which waits for them.
	OnStale func()
}

// complete returns o with its defaults, or an error for each wrong field.
func (o Options) complete() (Options, error) {
	var wrong []error
	reject := func(field, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("sdk.Options.%s: %w", field, fmt.Errorf(format, args...)))
	}
	if o.URL == "" && o.Bootstrap == nil {
		reject("URL", "required where there is no Bootstrap")
	}
	if o.URL != "" {
		base, err := baseURL(o.URL)
		if err != nil {
			reject("URL", "%w", err)
		}
		o.URL = base
		if strings.TrimSpace(o.Token) == "" {
			reject("Token", "required with URL")
		}
		if o.AppName == "" {
			reject("AppName", "required with URL")
		}
	}
	for field, value := range map[string]string{"Token": o.Token, "AppName": o.AppName, "InstanceID": o.InstanceID} {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			reject(field, "must not hold control characters: it is sent as a header")
		}
	}
	if o.BackupDir != "" && o.URL == "" {
		reject("BackupDir", "needs URL: there is nothing to back up without a server")
	}
	if o.Build != "" && o.Build == o.ControlBuild {
		reject("ControlBuild", "must differ from Build %q", o.Build)
	}
	if o.HTTPClient != nil && o.HTTPClient.Timeout != 0 {
		reject("HTTPClient", "must have no Timeout: it would cut streams")
	}
	o.RefreshInterval = interval(reject, "RefreshInterval", o.RefreshInterval, 15*time.Second)
	o.MetricsInterval = interval(reject, "MetricsInterval", o.MetricsInterval, time.Minute)
	o.EvidenceInterval = interval(reject, "EvidenceInterval", o.EvidenceInterval, time.Second)
	o.StaleAfter = interval(reject, "StaleAfter", o.StaleAfter, max(90*time.Second, 3*o.RefreshInterval))
	if len(wrong) > 0 {
		return o, errors.Join(wrong...)
	}
	o.Environment = cmp.Or(o.Environment, tokenEnvironment(o.Token))
	o.InstanceID = cmp.Or(o.InstanceID, instanceID())
	o.ControlBuild = cmp.Or(o.ControlBuild, "control")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// interval returns d, or its default where it is 0.
func interval(reject func(field, format string, args ...any), field string, d, byDefault time.Duration) time.Duration {
	if d < 0 {
		reject(field, "must not be negative, got %s", d)
	}
	return cmp.Or(d, byDefault)
}

// baseURL returns raw without its trailing "/api", so that both forms that
// Unleash's SDKs are configured with are accepted.
func baseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", fmt.Errorf("must look like https://host[:port][/path], got %q", raw)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("must have no query and no fragment, got %q", raw)
	}
	return strings.TrimSuffix(strings.TrimRight(u.String(), "/"), "/api"), nil
}

// tokenEnvironment reads the environment out of a token of the form
// project:environment.secret. It returns "" for any other token, and where
// the token is good for all environments.
func tokenEnvironment(token string) string {
	_, rest, found := strings.Cut(strings.TrimSpace(token), ":")
	environment, _, dotted := strings.Cut(rest, ".")
	if !found || !dotted || environment == "*" {
		return ""
	}
	return environment
}

func instanceID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "-" + rand.Text()[:8]
}
