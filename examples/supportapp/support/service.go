package support

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Service is the app as it is deployed: two builds, and a flag that decides
// for each user which of them answers.
type Service struct {
	Flags    *sdk.Client
	Flag     string
	Old, New App
}

// appFor returns the build for a user, and the user's arm: "" where no release
// runs.
func (s *Service) appFor(user string) (app *App, arm string) {
	d := s.Flags.Decide(s.Flag, &eval.Context{UserID: user})
	if d.Variant.FeatureEnabled {
		return &s.New, d.Release.Arm
	}
	return &s.Old, d.Release.Arm
}

// Answer gives the next answer of a conversation, by the user's build.
func (s *Service) Answer(r Request) (Answer, error) {
	app, _ := s.appFor(r.User)
	return app.Answer(r)
}

// Result is a conversation that was held, and what it is evidence of.
type Result struct {
	Arm   string `json:"arm,omitempty"` // "" where no release runs
	Build string `json:"build"`
	Transcript
	Outcomes []Outcome `json:"outcomes"`
}

// Talk holds the conversation of a scenario, judges it, and reports the
// outcomes where a release compares the user.
func (s *Service) Talk(c Scenario) Result {
	app, arm := s.appFor(c.User)
	r := Result{Arm: arm, Build: app.Build, Transcript: app.Talk(c)}
	r.Outcomes = r.Judge()
	for i := range r.Outcomes {
		s.Flags.Track(r.Outcomes[i].Signal, &eval.Context{UserID: c.User}, r.Outcomes[i].SDK(),
			sdk.Case(c.ID), sdk.Flag(s.Flag), sdk.Build(app.Build))
	}
	return r
}

// Observations returns the conversation as native evidence, begun at a moment:
// the exposure, and the five outcomes when its slowest answer was there. There
// is none of a user whom no release compares.
func (r *Result) Observations(begun time.Time, environment, flag string) []Observation {
	if r.Arm != eval.Treatment && r.Arm != eval.Control {
		return nil
	}
	o := Observation{
		At: begun, Environment: environment, Flag: flag, Arm: r.Arm, Unit: r.Scenario.User, Build: r.Build,
		Case: r.Scenario.ID, CaseClass: r.Scenario.Class, Outcome: Outcome{Signal: "exposure"},
	}
	lines := []Observation{o}
	for _, e := range r.Exchanges {
		o.At = o.At.Add(time.Duration(e.Answer.ElapsedMS) * time.Millisecond)
	}
	for _, o.Outcome = range r.Outcomes {
		lines = append(lines, o)
	}
	return lines
}

// Rollout returns the configuration of a release at a percent, for a client
// without a server. At 50 every user is compared, in one arm or the other; at
// 100 all get the new build.
func Rollout(flag, release string, percent int) []byte {
	document, _ := json.Marshal(map[string]any{"version": 2, "features": []eval.Flag{{
		Name: flag, Enabled: true,
		Strategies: []eval.Strategy{{Name: "flexibleRollout", Parameters: eval.Parameters{
			"rollout": strconv.Itoa(percent), "stickiness": "userId", "groupId": release, "release": release,
		}}},
	}}})
	return document
}
