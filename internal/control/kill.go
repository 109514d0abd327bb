package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// KindKill is the kind of a Kill; its key is what it stops.
const KindKill ResourceKind = "agent_kill"

// KillScope is what a Kill stops.
type KillScope string

// The scopes of a kill.
const (
	KillAgent   KillScope = "agent"   // one agent, by its id
	KillClient  KillScope = "client"  // one token of an agent, by its id
	KillProject KillScope = "project" // all agents, in one project
	KillAll     KillScope = "all"     // all agents
)

// Kill stops agents: while it stands, what it stops writes nothing. It is
// looked at in the transaction of each write, so that no record of a killed
// agent follows that of its kill.
type Kill struct {
	Scope  KillScope `json:"scope"`
	Target string    `json:"target,omitempty"` // an id; empty for all
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

func (k Kill) key() string {
	if k.Scope == KillAll {
		return string(KillAll)
	}
	return string(k.Scope) + "/" + k.Target
}

func (k Kill) is(scope KillScope, target string) bool { return k.Scope == scope && k.Target == target }

// String names what is stopped, for people.
func (k Kill) String() string {
	if k.Scope == KillAll {
		return "all agents"
	}
	return fmt.Sprintf("%s %s", k.Scope, k.Target)
}

// stops reports whether the kill stops a principal in a project; "" is outside
// of all projects.
func (k Kill) stops(p Principal, project string) bool {
	switch k.Scope {
	case KillAll:
		return true
	case KillAgent:
		return k.Target == p.ID
	case KillClient:
		return k.Target == p.Cred
	case KillProject:
		return k.Target == project && project != ""
	}
	return false
}

// alive refuses an agent that a kill stops.
func alive(tx ReadTx, p Principal, project string) error {
	if p.Kind != KindAgent {
		return nil
	}
	kills, err := list[Kill](tx, KindKill, "")
	if err != nil {
		return err
	}
	for _, k := range kills {
		if k.stops(p, project) {
			return &Error{
				Kind: Denied, Code: "agent_killed",
				Msg: fmt.Sprintf("%s was stopped at %s: only a person lifts that", k, k.At.UTC().Format(time.RFC3339)),
			}
		}
	}
	return nil
}

// Kill stops agents, from the record that it leaves on. What they have started
// goes on where it is, and no further: a release waits, watched by the gate,
// until it is rolled back or the kill is lifted. Where it stands already,
// nothing changes.
func (s *Service) Kill(ctx context.Context, p Principal, in Kill) (Kill, error) {
	if !printable(in.Reason) || len(in.Reason) > maxAccountText {
		return Kill{}, Invalidf("reason", "must have at most %d bytes, and no control characters", maxAccountText)
	}
	err := s.write(ctx, p, Urgent, func(w *work) error {
		at := Scope{}
		if in.Scope == KillProject {
			at.Project = in.Target
		}
		if err := w.may(at, PermAgentKill); err != nil {
			return err
		}
		if err := in.check(w); err != nil {
			return err
		}
		old, err := get[Kill](w, KindKill, in.key())
		if err == nil {
			in = old
			return nil
		}
		if KindOf(err) != NotFound {
			return err
		}
		in.By, in.At = w.p.ID, w.now
		if err := w.put(event{Type: "agent.kill", Kind: KindKill, Key: in.key(), Project: at.Project, Doc: in}); err != nil {
			return err
		}
		return w.freeze(in)
	})
	return in, err
}

// check refuses a kill of what there is not.
func (k Kill) check(tx ReadTx) error {
	switch k.Scope {
	case KillAll:
		if k.Target != "" {
			return Invalidf("target", "must be empty: the kill is of all agents")
		}
		return nil
	case KillAgent:
		_, err := agentOf(tx, k.Target)
		return err
	case KillProject:
		_, err := get[Project](tx, KindProject, k.Target)
		return asMissing(err, "project", k.Target)
	case KillClient:
		t, err := get[Token](tx, KindToken, k.Target)
		if err == nil && t.Type != TokenAgent {
			return Invalidf("target", "%s is no agent's token: revoke it instead", t.ID)
		}
		return asMissing(err, "token", k.Target)
	}
	return Invalidf("scope", "%q is not agent, client, project or all", k.Scope)
}

// freeze holds the releases that the killed have started, and what they have
// proposed.
func (w *work) freeze(k Kill) error {
	owner, err := k.owner(w)
	if err != nil {
		return err
	}
	if err := w.freezeRequests(k, owner); err != nil {
		return err
	}
	open, err := list[Release](w, KindRelease, releasesOpen)
	if err != nil {
		return err
	}
	for _, r := range open {
		inside := k.Scope == KillAll || slices.ContainsFunc(r.Each(), func(one Release) bool { return one.Project == k.Target })
		theirs := r.StartedBy == owner || owner == "" && isAgent(r.StartedBy) && inside
		if !theirs || r.FrozenBy != "" {
			continue
		}
		r.FrozenBy = k.key()
		if err := w.putRelease("release.freeze", r, audit.Decision{}); err != nil {
			return err
		}
	}
	return nil
}

// freezeRequests takes what the killed have proposed out of everybody's hands,
// until a person takes it up as their own. Lifting the kill does not.
func (w *work) freezeRequests(k Kill, owner string) error {
	open, err := list[ChangeRequest](w, KindChangeRequest, requestsOpen)
	if err != nil {
		return err
	}
	for _, c := range open {
		author := c.Authors[0].ID
		here := k.Scope == KillAll || slices.ContainsFunc(c.places(), func(at Scope) bool { return at.Project == k.Target })
		theirs := author == owner || owner == "" && isAgent(author) && here
		if _, may := c.State.after(verbFreeze); !theirs || !may {
			continue
		}
		if err := c.do(verbFreeze, w.now); err != nil {
			return err
		}
		c.Note = k.String() + " was stopped"
		if err := w.putRequest(verbFreeze, c); err != nil {
			return err
		}
	}
	return nil
}

// owner is the one agent whom a kill is about, "" where it is about several.
func (k Kill) owner(tx ReadTx) (string, error) {
	switch k.Scope {
	case KillAgent:
		return k.Target, nil
	case KillClient:
		t, err := get[Token](tx, KindToken, k.Target)
		return t.Owner, present(err)
	case KillProject, KillAll:
	}
	return "", nil
}

// Unkill lifts a kill. That is for a person, and not for the one who killed. An
// agent that was stopped by itself begins again by observing; one that others
// stopped with it has the tier that it had.
func (s *Service) Unkill(ctx context.Context, p Principal, scope KillScope, target string) error {
	k := Kill{Scope: scope, Target: target}
	return s.write(ctx, p, Normal, func(w *work) error {
		at := Scope{}
		if scope == KillProject {
			at.Project = target
		}
		if err := w.may(at, PermAgentUnkill); err != nil {
			return err
		}
		if err := w.byPerson(PermAgentUnkill, "lifts a kill"); err != nil {
			return err
		}
		old, err := get[Kill](w, KindKill, k.key())
		if err != nil {
			return asMissing(err, "kill", k.key())
		}
		if old.By == w.p.ID {
			return &Error{Kind: Denied, Code: "own_kill", Field: string(PermAgentUnkill), Msg: "whoever stopped an agent does not let it go on: somebody else must look"}
		}
		if err := w.remove(event{Type: "agent.unkill", Kind: KindKill, Key: k.key(), Project: at.Project}); err != nil {
			return err
		}
		if err := w.thaw(old); err != nil {
			return err
		}
		owner, err := old.owner(w)
		if err != nil || owner == "" {
			return err
		}
		return w.demote(owner, demotedKill)
	})
}

// thaw lets the releases go on that a kill held.
func (w *work) thaw(k Kill) error {
	open, err := list[Release](w, KindRelease, releasesOpen)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.FrozenBy != k.key() {
			continue
		}
		r.FrozenBy = ""
		if err := w.putRelease("release.unfreeze", r, audit.Decision{}); err != nil {
			return err
		}
	}
	return nil
}

// Kills lists the kills that stand, the newest first.
func (s *Service) Kills(ctx context.Context, p Principal) ([]Kill, error) {
	if err := p.May(PermUserRead, Scope{}); err != nil {
		return nil, err
	}
	var out []Kill
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[Kill](tx, KindKill, "")
		return err
	})
	slices.SortFunc(out, func(a, b Kill) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(a.key(), b.key())
	})
	return out, err
}
