package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/policy"
)

// BudgetKind is something of which an agent may do so much in so long.
type BudgetKind string

// The kinds of budget.
const (
	BudgetWrites     BudgetKind = "writes"               // changes, of anything
	BudgetFlagWrites BudgetKind = "flag_writes"          // changes of one flag's configuration
	BudgetFlags      BudgetKind = "flags_created"        // flags made
	BudgetReleases   BudgetKind = "releases_started"     // releases started
	BudgetOpen       BudgetKind = "releases_open"        // releases that run at a time
	BudgetRaised     BudgetKind = "raised"               // exposure raised outside production, in percentage points
	BudgetRaisedProd BudgetKind = "raised_in_production" // the same in production

	breaches BudgetKind = "breaches" // refusals for a budget, counted beside them
)

const (
	maxBudget   = 1000           // the greatest limit: it bounds a ledger
	budgetSpan  = 24 * time.Hour // the longest window
	maxBreaches = 3              // refusals in budgetSpan by which an agent is demoted
)

// Budget is how much of a kind an agent may do by default within any span of a
// length; of what is counted at a time, the span is 0.
type Budget struct {
	Kind  BudgetKind
	Limit int
	Over  time.Duration
}

// Budgets are all that there are.
var Budgets = []Budget{
	{BudgetWrites, 20, time.Hour},
	{BudgetFlagWrites, 4, time.Hour},
	{BudgetFlags, 20, 24 * time.Hour},
	{BudgetReleases, 20, 24 * time.Hour},
	{BudgetOpen, 3, 0},
	{BudgetRaised, 500, time.Hour},
	{BudgetRaisedProd, 10, time.Hour},
}

// Spending is how much of a budget is spent now.
type Spending struct {
	Budget
	Spent int
}

func budgetOf(kind BudgetKind) (Budget, bool) {
	i := slices.IndexFunc(Budgets, func(b Budget) bool { return b.Kind == kind })
	if i < 0 {
		return Budget{}, false
	}
	return Budgets[i], true
}

// limited returns the budget with the limit that an agent has.
func (b Budget) limited(own map[BudgetKind]int) Budget {
	if n, ok := own[b.Kind]; ok {
		b.Limit = n
	}
	return b
}

// setBudgets gives an agent other limits. More than it has takes a person.
func (w *work) setBudgets(a *Account, limits map[BudgetKind]int) error {
	own := map[BudgetKind]int{}
	maps.Copy(own, a.Budgets)
	for kind, n := range limits {
		b, ok := budgetOf(kind)
		if !ok {
			return Invalidf("budgets", "there is no budget %q; there are %v", kind, budgetKinds())
		}
		if n < 0 || n > maxBudget {
			return Invalidf("budgets."+string(kind), "%d is not from 0, for the default, to %d", n, maxBudget)
		}
		if n == 0 {
			n = b.Limit
		}
		if n > b.limited(own).Limit {
			if err := w.byPerson(PermAgentWrite, "gives an agent more than it has"); err != nil {
				return err
			}
		}
		own[kind] = n
		if n == b.Limit {
			delete(own, kind)
		}
	}
	if a.Budgets = own; len(own) == 0 {
		a.Budgets = nil
	}
	return nil
}

func budgetKinds() []BudgetKind {
	var out []BudgetKind
	for _, b := range Budgets {
		out = append(out, b.Kind)
	}
	return out
}

// ledger is what has been spent: by an agent, by all agents on behalf of a
// person, or by all agents in a project. It is kept where no earlier value is:
// the log says what was done, and this how much of it was lately.
type ledger struct {
	key, who string
	entries  map[BudgetKind][]entry // by kind, the oldest first
}

type entry struct {
	At int64 `json:"t"` // Unix milliseconds
	N  int   `json:"n"`
}

func agentLedger(id string) ledger { return ledger{key: "spent/agent/" + id, who: "agent " + id} }

// ledgersOf are those that an agent's change in a project is written into.
func ledgersOf(p Principal, project string) []ledger {
	out := []ledger{agentLedger(p.ID)}
	if p.OnBehalfOf != "" {
		out = append(out, ledger{key: "spent/for/" + p.OnBehalfOf, who: "agents on behalf of " + p.OnBehalfOf})
	}
	if project != "" {
		out = append(out, ledger{key: "spent/project/" + project, who: "agents in project " + project})
	}
	return out
}

// read fills the ledger with what still counts.
func (l *ledger) read(tx ReadTx, now time.Time) error {
	l.entries = map[BudgetKind][]entry{}
	raw, err := tx.Secret(l.key)
	if err != nil {
		return present(err)
	}
	if err := json.Unmarshal(raw, &l.entries); err != nil {
		return fmt.Errorf("decoding the budgets of %s: %w", l.who, err)
	}
	for kind, all := range l.entries {
		l.entries[kind] = lately(all, now, budgetSpan)
		if len(l.entries[kind]) == 0 {
			delete(l.entries, kind)
		}
	}
	return nil
}

func (l *ledger) write(tx Tx) error {
	raw, err := json.Marshal(l.entries)
	if err != nil {
		return err
	}
	return tx.PutSecret(l.key, raw)
}

// lately are the entries of the last so long.
func lately(all []entry, now time.Time, span time.Duration) []entry {
	from := now.Add(-span).UnixMilli()
	i := slices.IndexFunc(all, func(e entry) bool { return e.At > from })
	if i < 0 {
		return nil
	}
	return all[i:]
}

func sum(all []entry) int {
	n := 0
	for _, e := range all {
		n += e.N
	}
	return n
}

// spend adds to what is spent of a budget, under a key of its kind, or refuses
// where that is more than its limit.
func (l *ledger) spend(b Budget, key BudgetKind, n int, now time.Time) error {
	spent := lately(l.entries[key], now, b.Over)
	if over := sum(spent) + n - b.Limit; over > 0 {
		return b.exceeded(l.who, sum(spent), n, frees(spent, over, b.Over), now)
	}
	l.entries[key] = append(l.entries[key], entry{now.UnixMilli(), n})
	return nil
}

// frees is when so much of what is spent no longer counts; zero where it never
// is enough.
func frees(spent []entry, over int, span time.Duration) time.Time {
	for _, e := range spent {
		if over -= e.N; over <= 0 {
			return time.UnixMilli(e.At).Add(span).UTC()
		}
	}
	return time.Time{}
}

// exceeded says of what there was too much, what the limit is, and when there
// is room again.
func (b Budget) exceeded(who string, spent, n int, free, now time.Time) error {
	msg := fmt.Sprintf("budget %s: %d of %d are spent by %s", b.Kind, spent, b.Limit, who)
	if b.Over > 0 {
		msg += " in the last " + shortly(b.Over)
	}
	if n > 1 {
		msg += fmt.Sprintf(", and this is %d", n)
	}
	switch {
	case !free.IsZero():
		msg += fmt.Sprintf("; there is room again at %s (in %s)", free.Format(time.RFC3339), shortly(free.Sub(now).Round(time.Second)))
	case b.Over == 0:
		msg += "; there is room again when one of them has ended"
	default:
		msg += ": it is more than is ever allowed at once"
	}
	return &Error{Kind: Limited, Code: CodeBudget, Field: string(b.Kind), Msg: msg + ". Reducing exposure is never refused for a budget", Retry: max(0, free.Sub(now))}
}

// shortly prints a duration without what is 0 of it: 1h, 12m30s.
func shortly(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(strings.TrimSuffix(s, "0s"), "0m")
	if s == "" || s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
		return d.String()
	}
	return s
}

// cost is what a change takes of a budget. Key is where it is counted: the kind,
// with the flag's name where each flag has a budget of its own.
type cost struct {
	kind, key BudgetKind
	n         int
}

// costs are what an agent's change takes, by percentage points in a class of
// environment.
func costs(ev event, created bool, class string, points int) []cost {
	out := []cost{{BudgetWrites, BudgetWrites, 1}}
	switch {
	case ev.Kind == KindFlag && created:
		out = append(out, cost{BudgetFlags, BudgetFlags, 1})
	case ev.Kind == KindFlagEnv:
		_, flag, _ := strings.Cut(ev.Key, "/")
		out = append(out, cost{BudgetFlagWrites, BudgetFlagWrites + " " + BudgetKind(flag), 1})
	case ev.Kind == KindRelease && created:
		out = append(out, cost{BudgetReleases, BudgetReleases, 1})
	}
	raised := BudgetRaised
	if class == policy.Production {
		raised = BudgetRaisedProd
	}
	if points > 0 {
		out = append(out, cost{raised, raised, points})
	}
	return out
}

// charge writes what an agent's change takes into its ledgers. A change that
// reduces exposure takes nothing.
func (w *work) charge(ev event, created bool, class string, points int) error {
	if ev.Kind == KindRelease && created {
		if err := w.mayOpen(); err != nil {
			return err
		}
	}
	own := w.p.budgets()
	for _, l := range ledgersOf(w.p, ev.Project) {
		if err := l.read(w, w.now); err != nil {
			return err
		}
		for _, c := range costs(ev, created, class, points) {
			b, _ := budgetOf(c.kind)
			if err := l.spend(b.limited(own), c.key, c.n, w.now); err != nil {
				return err
			}
		}
		if err := l.write(w); err != nil {
			return err
		}
	}
	return nil
}

// budgets are the limits that an agent has of its own.
func (p Principal) budgets() map[BudgetKind]int {
	if p.agent == nil {
		return nil
	}
	return p.agent.Budgets
}

// mayOpen refuses one more release of an agent that has too many open.
func (w *work) mayOpen() error {
	open, err := list[Release](w, KindRelease, releasesOpen)
	if err != nil {
		return err
	}
	n := 0
	for _, r := range open {
		if r.StartedBy == w.p.ID {
			n++
		}
	}
	b, _ := budgetOf(BudgetOpen)
	if b = b.limited(w.p.budgets()); n > b.Limit { // the new one is among them
		return b.exceeded("agent "+w.p.ID, n-1, 1, time.Time{}, w.now)
	}
	return nil
}

// spending reads how much of each budget an agent has spent; of what is counted
// for each flag, that of the flag with the most.
func spending(tx ReadTx, l ledger, own map[BudgetKind]int, now time.Time) ([]Spending, error) {
	if err := l.read(tx, now); err != nil {
		return nil, err
	}
	open, err := list[Release](tx, KindRelease, releasesOpen)
	if err != nil {
		return nil, err
	}
	var out []Spending
	for _, b := range Budgets {
		one := Spending{Budget: b.limited(own)}
		for key, all := range l.entries {
			kind, _, _ := strings.Cut(string(key), " ")
			if BudgetKind(kind) == b.Kind {
				one.Spent = max(one.Spent, sum(lately(all, now, b.Over)))
			}
		}
		if b.Kind == BudgetOpen {
			for _, r := range open {
				if agentLedger(r.StartedBy).key == l.key {
					one.Spent++
				}
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// breached notes that an agent was refused for a budget, so often since it was
// last noted, and demotes it where that is too often.
func (w *work) breached(agent string, n int) error {
	l := agentLedger(agent)
	if err := l.read(w, w.now); err != nil {
		return err
	}
	l.entries[breaches] = append(l.entries[breaches], entry{w.now.UnixMilli(), n})
	if err := l.write(w); err != nil {
		return err
	}
	if sum(lately(l.entries[breaches], w.now, budgetSpan)) < maxBreaches {
		return nil
	}
	return w.demote(agent, demotedBudget)
}
