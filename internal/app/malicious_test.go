package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// heist is a plane with what a malicious agent is after.
type heist struct {
	*app.App

	root    control.Principal
	ann     control.Principal // an admin, signed in, on whose behalf the agent acts
	eve     control.Principal // another
	agent   control.Account
	names   map[string]string // that stand in paths and bodies: {flag}, {person} ...
	secrets map[string]string // the agent's tokens: its own, and with the admin's delegation
}

func newHeist(t *testing.T) *heist {
	t.Helper()
	return heistOn(t, options(t))
}

func heistOn(t *testing.T, o app.Options) *heist {
	t.Helper()
	a, _ := start(t, o)
	ctx := t.Context()
	root, own, err := a.Service.Authenticate(ctx, admin)
	check(t, err)
	h := &heist{App: a, root: root, secrets: map[string]string{}}
	person := h.admin(t, "ann", &h.ann)
	h.admin(t, "eve", &h.eve)
	h.agent, err = a.Service.RegisterAgent(ctx, h.ann, control.Account{
		Username: "mallory", Owner: person.ID, Purpose: "harm", Role: control.RoleAdmin,
	})
	check(t, err)
	limits := map[control.BudgetKind]int{}
	for _, b := range control.Budgets {
		limits[b.Kind] = 1000 // so that it is not budgets that stop it
	}
	_, err = a.Service.EditAgent(ctx, h.ann, h.agent.ID, control.AgentEdit{Budgets: limits})
	check(t, err)
	for name, in := range map[string]control.Token{
		"as the agent":               {Owner: h.agent.ID},
		"with an admin's delegation": {Owner: h.agent.ID, For: person.ID},
	} {
		in.Name, in.Type = "mallory", control.TokenAgent
		by := h.ann
		made, secret, err := a.Service.CreateToken(ctx, by, in)
		check(t, err)
		h.secrets[name], h.names = secret, map[string]string{"token": made.ID}
	}
	h.names["admin-token"], h.names["agent"], h.names["person"] = own.ID, h.agent.ID, person.ID
	h.furnish(t)
	return h
}

// admin makes a person who may do everything, and signs them in.
func (h *heist) admin(t *testing.T, name string, as *control.Principal) control.Account {
	t.Helper()
	ctx := t.Context()
	person, err := h.Service.CreateAccount(ctx, h.root, control.Account{Kind: control.KindHuman, Username: name, Role: control.RoleAdmin})
	check(t, err)
	_, secret, err := h.Service.OpenSession(ctx, person.ID, "password", "")
	check(t, err)
	*as, _, err = h.Service.Authenticate(ctx, secret)
	check(t, err)
	return person
}

// furnish makes flags in production: one that is off, one that is on for few,
// and one with a release.
func (h *heist) furnish(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	flag := func(name string, on bool) control.Ref {
		_, err := h.Service.CreateFlag(ctx, h.root, control.Flag{Name: name, Project: "default"})
		check(t, err)
		ref := control.Ref{Project: "default", Flag: name, Environment: "production"}
		st := control.Strategy{Strategy: eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "5", "stickiness": "userId", "groupId": name}}}
		st, err = h.Service.AddStrategy(ctx, h.root, ref, st)
		check(t, err)
		h.names[name+"-strategy"] = st.ID
		if on {
			_, err = h.Service.SetEnabled(ctx, h.root, ref, true)
			check(t, err)
		}
		return ref
	}
	flag("dark", false)
	flag("few", true)
	for _, name := range []string{"child", "staged", "third"} {
		_, err := h.Service.CreateFlag(ctx, h.root, control.Flag{Name: name, Project: "default"})
		check(t, err)
	}
	seg, err := h.Service.CreateSegment(ctx, h.root, control.Segment{Segment: eval.Segment{Name: "staff", Constraints: []eval.Constraint{
		{ContextName: "userId", Operator: "IN", Values: []string{"a"}},
	}}})
	check(t, err)
	h.names["segment"] = strconv.Itoa(seg.ID)
	p, _ := gate.Profile(gate.AgentDefault)
	p.Steps = []gate.Step{{Percent: 10, Pass: gate.NoHarm}, {Percent: 50}, {Percent: 100, Final: true}}
	plan := gate.PlanOf(p)
	plan.Milestones[1].Approvals = 1
	r, err := h.Service.StartRelease(ctx, h.root, control.StartRelease{Flag: "staged", Environment: "production", Build: "b2", Control: "b1", Plan: plan})
	check(t, err)
	h.names["release"] = r.ID
}

var placeholder = regexp.MustCompile(`\{([a-z-]+)\}`)

func (h *heist) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		if name, ok := h.names[m[1:len(m)-1]]; ok {
			return name
		}
		return m
	})
}

// loot is what must not change by an agent: who may do what, and who is on.
type loot struct {
	Tokens, Accounts, Roles, Groups, Members, Kills, Environments, Approvals string

	On map[string]int // percent of flags in production
}

func (h *heist) loot(t *testing.T) loot {
	t.Helper()
	ctx := t.Context()
	text := func(v any, err error) string {
		check(t, err)
		b, err := json.Marshal(v)
		check(t, err)
		return string(b)
	}
	out := loot{On: map[string]int{}}
	tokens, err := h.Service.Tokens(ctx, h.root)
	for i := range tokens {
		tokens[i].LastUsedAt = nil
	}
	out.Tokens = text(tokens, err)
	accounts, err := h.Service.Accounts(ctx, h.root)
	for i := range accounts {
		accounts[i].LastUsedAt = nil
	}
	out.Accounts = text(accounts, err)
	out.Roles, out.Groups = text(h.Service.Roles(ctx, h.root)), text(h.Service.Groups(ctx, h.root))
	out.Members, out.Kills = text(h.Service.Members(ctx, h.root, "default")), text(h.Service.Kills(ctx, h.root))
	out.Environments = text(h.Service.Environments(ctx, h.root))
	r, err := h.Service.Release(ctx, h.root, h.names["release"])
	out.Approvals = text(r.Approvals, err)
	served, err := h.Service.Served(ctx, "production")
	check(t, err)
	for _, f := range served.Flags {
		if f.Enabled {
			for _, st := range f.Strategies {
				n := 100
				_, _ = fmt.Sscan(st.Parameters["rollout"], &n)
				out.On[f.Name] = max(out.On[f.Name], n)
			}
		}
	}
	return out
}

// stolen says what of the loot an agent has got.
func stolen(before, after loot) string {
	for flag, n := range after.On {
		if n > before.On[flag] {
			return fmt.Sprintf("%s is on for %d %% in production, and was for %d", flag, n, before.On[flag])
		}
	}
	before.On, after.On = nil, nil
	if fmt.Sprint(before) != fmt.Sprint(after) {
		return fmt.Sprintf("who may do what has changed:\n%+v\n%+v", before, after)
	}
	return ""
}

// leaves counts the records of what the agent was refused.
func (h *heist) leaves(t *testing.T) int64 {
	t.Helper()
	n := int64(0)
	for from := int64(0); ; from += 1000 {
		events, err := h.Service.Events(t.Context(), h.root, from, 1000)
		check(t, err)
		for _, e := range events {
			r, err := audit.Decode(e.Record)
			check(t, err)
			if r.Outcome == "denied" && r.Actor.ID == h.agent.ID {
				n += r.Count
			}
		}
		if len(events) < 1000 {
			return n
		}
	}
}

const (
	rolloutAll = `{"name":"flexibleRollout","parameters":{"rollout":"100","stickiness":"userId","groupId":"g"}}`
	everyone   = `{"name":"default"}`
)

// ways are those that were thought of by hand. Each is well-formed, and each is
// refused to an agent that was granted everything.
var ways = []string{
	// raise exposure in production
	"POST /api/v1/flags/dark/environments/production/on",
	"POST /api/v1/flags/few/environments/production/strategies " + rolloutAll,
	"POST /api/v1/flags/few/environments/production/strategies " + everyone,
	"PUT /api/v1/flags/few/environments/production/strategies/{few-strategy} " + rolloutAll,
	"PUT /api/v1/flags/few/environments/production/strategies/{few-strategy} " + everyone,
	`PUT /api/v1/flags/few/environments/production/variants {"variants":[{"name":"x","weight":1000,"weightType":"variable","stickiness":"default"}]}`,
	`POST /api/v1/projects/default/flags/toggle {"flags":["dark"],"environment":"production","on":true}`,
	"POST /api/admin/projects/default/features/dark/environments/production/on",
	"POST /api/admin/projects/default/features/few/environments/production/strategies " + rolloutAll,
	"PUT /api/admin/projects/default/features/few/environments/production/strategies/{few-strategy} " + rolloutAll,
	`PATCH /api/admin/projects/default/features/few/environments/production/strategies/{few-strategy} [{"op":"replace","path":"/parameters/rollout","value":"100"}]`,
	`POST /api/admin/projects/default/bulk_features/environments/production/on {"features":["dark"]}`,
	`POST /api/v1/releases {"flag":"child","environment":"production","build":"evil","plan":"service"}`,
	`POST /api/v1/releases {"flag":"third","environment":"production","build":"evil","plan":"agent-default"}`,
	`POST /api/v1/releases/{release}/promote {"reason":"it is fine"}`,
	`POST /api/v1/configuration/apply {"flags":[{"name":"dark","project":"default","environments":{"production":{"enabled":true,"strategies":[{"name":"default"}]}}}]}`,
	`POST /api/v1/configuration/apply {"flags":[{"name":"fresh","project":"default","environments":{"production":{"enabled":true,"strategies":[{"name":"default"}]}}}]}`,
	`PUT /api/v1/projects/default/environments/production/strategy ` + rolloutAll,

	// make production something else, or something else production
	`PATCH /api/v1/environments/production {"type":"development"}`,
	`PATCH /api/v1/environments/production {"type":"test"}`,
	`PATCH /api/v1/environments/development {"type":"production"}`,
	`POST /api/v1/environments {"name":"eu","type":"production"}`,
	`POST /api/v1/environments {"name":"shadow","type":"development"}`,
	`POST /api/v1/environments/production/clone {"name":"copy","type":"production","projects":["default"]}`,
	`POST /api/v1/projects {"id":"den","name":"den"}`,
	`PATCH /api/v1/projects/default {"name":"mine"}`,

	// approve itself
	`POST /api/v1/releases/{release}/approve {"reason":"by myself"}`,
	`POST /api/v1/releases/{release}/approve {}`,

	// mint a token, or lengthen the life of one
	`POST /api/v1/tokens {"name":"x","type":"admin"}`,
	`POST /api/v1/tokens {"name":"x","type":"backend","environment":"production"}`,
	`POST /api/v1/tokens {"name":"x","type":"frontend","environment":"production"}`,
	`POST /api/v1/tokens {"name":"x","type":"service","permissions":["*"]}`,
	`POST /api/v1/tokens {"name":"x","type":"edge"}`,
	`POST /api/v1/tokens {"name":"x","type":"personal","owner":"{person}"}`,
	`POST /api/v1/tokens {"name":"x","type":"agent","owner":"{agent}"}`,
	`POST /api/v1/tokens {"name":"x","type":"agent","owner":"{agent}","for":"{person}"}`,
	`POST /api/v1/tokens/{token}/rotate {}`,
	`POST /api/v1/tokens/{admin-token}/rotate {}`,
	`PATCH /api/v1/tokens/{token} {"expiresAt":"2099-01-01T00:00:00Z"}`,
	`DELETE /api/v1/tokens/{admin-token}`,
	`POST /api/admin/api-tokens {"tokenName":"x","type":"admin"}`,
	`POST /api/admin/api-tokens {"tokenName":"x","type":"client","environment":"production","projects":["*"]}`,

	// widen what it, or a friend, may do
	`POST /api/v1/accounts {"kind":"human","username":"eve","rootRole":1}`,
	`POST /api/v1/accounts {"kind":"service","username":"eve","rootRole":1}`,
	`POST /api/v1/accounts {"kind":"agent","username":"eve","rootRole":1,"owner":"{person}"}`,
	`PATCH /api/v1/accounts/{agent} {"owner":"{person}","rootRole":1,"name":"not an agent"}`,
	`PATCH /api/v1/accounts/{person} {"email":"eve@example.com"}`,
	`PATCH /api/v1/accounts/{person} {"disabled":true}`,
	`DELETE /api/v1/accounts/{person}`,
	`PUT /api/v1/projects/default/members {"members":[{"account":"{agent}","roles":[4]}]}`,
	`POST /api/v1/agents {"username":"eve","owner":"{person}","purpose":"help","rootRole":1}`,
	`PATCH /api/v1/agents/{agent} {"tiers":[{"tier":"A5"}]}`,
	`PATCH /api/v1/agents/{agent} {"tiers":[{"tier":"A5","environment":"production"}]}`,
	`PATCH /api/v1/agents/{agent} {"budgets":{"writes":1000}}`,
	`POST /api/admin/roles {"name":"all","type":"root-custom","permissions":[{"name":"ADMIN"}]}`,
	`POST /api/admin/groups {"name":"friends","rootRole":1,"users":[]}`,
	`POST /api/admin/user-admin {"username":"eve","rootRole":1}`,
	`POST /api/admin/service-account {"username":"eve","name":"eve","rootRole":1}`,

	// stop those who would stop it, or hide
	`POST /api/v1/kills {"scope":"all"}`,
	`POST /api/v1/kills {"scope":"project","target":"default"}`,
	`POST /api/v1/kills/lift {"scope":"all"}`,
	`POST /api/v1/kills/lift {"scope":"agent","target":"{agent}"}`,
}

// TestMaliciousAgent tries to raise exposure in production, to approve itself,
// to mint a token, and to widen its rights, in every way that was thought of by
// hand, as an agent that was granted everything, by itself and on behalf of an
// admin. None succeeds, and each leaves a leaf.
func TestMaliciousAgent(t *testing.T) {
	t.Parallel()
	if len(ways) < 60 {
		t.Errorf("there are %d ways, want 60", len(ways))
	}
	h := newHeist(t)
	tried := int64(0)
	for as, secret := range h.secrets {
		t.Run("MC-11 "+as, func(t *testing.T) {
			for _, way := range ways {
				h.attempt(t, way, secret)
				tried++
			}
		})
	}
	// A person approves, and the agent sends the same again.
	_, err := h.Service.ApproveRelease(t.Context(), h.ann, h.names["release"], "fine")
	check(t, err)
	before := h.loot(t)
	for as, secret := range h.secrets {
		status, answer := h.try(t, http.MethodPost, "/api/v1/releases/"+h.names["release"]+"/approve", secret, `{"reason":"fine"}`)
		if status != http.StatusForbidden || stolen(before, h.loot(t)) != "" {
			t.Errorf("MC-11 %s, an approval replayed: %d %s", as, status, answer)
		}
		tried++
	}
	for as, secret := range h.secrets {
		t.Run("MC-11 replays "+as, func(t *testing.T) { tried += h.replay(t, secret) })
	}
	until(t, fmt.Sprintf("%d leaves", tried), func() bool { return h.leaves(t) == tried })
}

// proposed is a request of the agent's to switch a flag on in production.
func (h *heist) proposed(t *testing.T, secret string) control.RequestView {
	t.Helper()
	status, answer := h.try(t, http.MethodPost, "/api/v1/flags/dark/environments/production/on?propose=harmless", secret, "")
	id := regexp.MustCompile(`cr-[0-9a-z]{18}`).FindString(answer)
	if status != http.StatusAccepted || id == "" {
		t.Fatalf("proposed: %s", answer)
	}
	c, err := h.Service.Request(t.Context(), h.root, id)
	check(t, err)
	return c
}

// replay is what an agent does with a change request of its own which a person
// approves, applies and takes back: it approves in its own name, with the digest
// that was approved; it puts something else in the place of what was approved; and
// it applies again what was. It returns how often it was denied.
func (h *heist) replay(t *testing.T, secret string) (denied int64) {
	t.Helper()
	ctx := t.Context()
	attempt := func(want int, method, path, body string) {
		t.Helper()
		before := h.loot(t)
		status, answer := h.try(t, method, path, secret, body)
		if status != want {
			t.Errorf("%s %s: %s, want %d", method, path, answer, want)
		}
		if why := stolen(before, h.loot(t)); why != "" {
			t.Fatalf("%s %s: %s", method, path, why)
		}
		if status == http.StatusForbidden {
			denied++
		}
	}
	c := h.proposed(t, secret)
	at, decision := "/api/v1/changes/"+c.ID, `{"digest":"`+c.Digest+`","comment":"fine"}`
	attempt(http.StatusForbidden, http.MethodPost, at+"/approve", decision)
	attempt(http.StatusConflict, http.MethodPost, at+"/apply", "")
	c, err := h.Service.ApproveRequest(ctx, h.eve, c.ID, c.Digest, "fine")
	check(t, err)
	attempt(http.StatusForbidden, http.MethodPost, at+"/approve", decision)
	attempt(http.StatusForbidden, http.MethodPost, at+"/bypass", `{"digest":"`+c.Digest+`","comment":"there is nobody else tonight","reference":"INC-1"}`)
	attempt(http.StatusOK, http.MethodPut, at, `{"title":"harmless","configuration":{"flags":[{"name":"dark","project":"default","environments":{"production":{"enabled":true,"strategies":[{"name":"default"}]}}}]}}`)
	attempt(http.StatusConflict, http.MethodPost, at+"/apply", "")

	c = h.proposed(t, secret)
	at = "/api/v1/changes/" + c.ID
	_, err = h.Service.ApproveRequest(ctx, h.eve, c.ID, c.Digest, "fine")
	check(t, err)
	_, err = h.Service.ApplyRequest(ctx, h.eve, c.ID)
	check(t, err)
	dark := control.Ref{Project: "default", Flag: "dark", Environment: "production"}
	_, err = h.Service.SetEnabled(ctx, h.root, dark, false)
	check(t, err)
	attempt(http.StatusConflict, http.MethodPost, at+"/apply", "")
	attempt(http.StatusForbidden, http.MethodPost, at+"/approve", `{"digest":"`+c.Digest+`"}`)
	return denied
}

// attempt goes one way, which must be refused and win nothing.
func (h *heist) attempt(t *testing.T, way, secret string) {
	t.Helper()
	call, body := h.fill(way), ""
	if i := strings.IndexAny(call, "{["); i >= 0 {
		call, body = strings.TrimSpace(call[:i]), call[i:]
	}
	method, path, _ := strings.Cut(call, " ")
	before := h.loot(t)
	if status, answer := h.try(t, method, path, secret, body); status != http.StatusForbidden {
		t.Errorf("%s: %s", way, answer)
	}
	if why := stolen(before, h.loot(t)); why != "" {
		t.Fatalf("%s: %s", way, why)
	}
}

// try sends a request and returns its status and the beginning of the answer.
func (h *heist) try(t *testing.T, method, path, secret, body string) (status int, answer string) {
	t.Helper()
	r := request(t, method, h.URL()+path, secret, body)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	check(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 300))
	check(t, err)
	return resp.StatusCode, resp.Status + " " + string(text)
}

// leafless are the routes of SDKs and edges, which report and change nothing,
// and those by which people come in.
var leafless = regexp.MustCompile(`^/(api/client|api/v1/receipts|edge|setup|auth|invite|logout)`)

// anyBodies have, for the route table, something of everything: what a route
// does not know it refuses.
var anyBodies = []string{`{}`, `{"name":"default","reason":"x"}`, `{"features":["dark"],"flags":["dark"]}`}

// TestMaliciousAgentOnEveryRoute (MC-03) sends what changes something to every route
// that there is. Whatever is answered, nothing is won by it, and a refusal
// leaves a leaf.
func TestMaliciousAgentOnEveryRoute(t *testing.T) {
	t.Parallel()
	h := newHeist(t)
	all := routeTable(t, "../httpapi/unleash", "../httpapi/native", "../httpapi/ofrep", "../signin", ".")
	all = append(all, h.documented(t)...)
	if len(all) < 200 {
		t.Fatalf("the route table has %d routes", len(all))
	}
	names := map[string]string{
		"project": "default", "projectId": "default", "flag": "dark", "feature": "dark", "featureName": "dark", "environment": "production",
		"id": h.names["release"], "strategyId": h.names["few-strategy"], "segmentId": h.names["segment"], "user": "1", "action": "revive",
	}
	refused := int64(0)
	before := h.loot(t)
	for _, route := range slices.Compact(all) {
		method, path, _ := strings.Cut(route, " ")
		if method == http.MethodGet || strings.Contains(path, "{$}") {
			continue
		}
		path = regexp.MustCompile(`\{([A-Za-z]+)\.*\}`).ReplaceAllStringFunc(path, func(m string) string {
			if name, ok := names[strings.Trim(m, "{}.")]; ok {
				return name
			}
			return h.agent.ID
		})
		for as, secret := range h.secrets {
			for _, body := range anyBodies {
				status, _ := h.try(t, method, path, secret, body)
				if status == http.StatusForbidden && !leafless.MatchString(path) {
					refused++
				}
				if status == http.StatusInternalServerError {
					t.Errorf("%s, %s: %d", as, route, status)
				}
			}
		}
		after := h.loot(t)
		if why := stolen(before, after); why != "" {
			t.Fatalf("%s: %s", route, why)
		}
		before = after
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	until(t, fmt.Sprintf("a leaf of each of %d refusals", refused), func() bool { return h.leaves(t) >= refused })
}

// documented are the routes of the OpenAPI document.
func (h *heist) documented(t *testing.T) []string {
	t.Helper()
	_, text := send(t, http.MethodGet, h.URL()+"/api/v1/openapi.json", "", "")
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	check(t, json.Unmarshal([]byte(text), &doc))
	var out []string
	for path, methods := range doc.Paths {
		for method := range methods {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(out)
	return out
}
