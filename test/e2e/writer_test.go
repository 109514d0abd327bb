package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// fact is what is known of one thing that a writer wrote: its state as last
// acknowledged, and as it would be after the write that is under way.
type fact struct{ acked, maybe string }

// writer makes administrative writes one after another, as one person would,
// and remembers each that was acknowledged. The things that it writes are its
// own: no two writers contend for one.
type writer struct {
	name   string
	rand   *rand.Rand
	facts  map[string]*fact // by "flag NAME" or "token NAME"
	flags  []string
	tokens []token
	made   int
	acked  int // writes acknowledged
}

// token is what the API tells of one.
type token struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func newWriter(name string, seed uint64) *writer {
	return &writer{name: name, rand: rand.New(rand.NewPCG(seed, 0)), facts: map[string]*fact{}}
}

// run writes until the server is gone. What it refuses is an error.
func (w *writer) run(ctx context.Context, p *plane) error {
	for {
		if err := w.write(ctx, p); err != nil {
			return unlessGone(err)
		}
	}
}

// write makes one write: now a flag or a token, more often a change to a flag.
func (w *writer) write(ctx context.Context, p *plane) error {
	switch n := w.rand.IntN(20); {
	case n == 0 || len(w.flags) == 0:
		return w.createFlag(ctx, p)
	case n == 1:
		return w.createToken(ctx, p)
	case n == 2 && len(w.tokens) > 0:
		return w.revokeToken(ctx, p)
	case n < 8:
		return w.addStrategy(ctx, p)
	}
	return w.toggle(ctx, p)
}

// change makes a write that takes a thing from its state to another.
func (w *writer) change(thing, to string, write func() error) error {
	f := w.facts[thing]
	if f == nil {
		f = &fact{}
		w.facts[thing] = f
	}
	f.maybe = to
	if err := write(); err != nil {
		return err
	}
	f.acked = to
	w.acked++
	return nil
}

func (w *writer) next(kind string) string {
	w.made++
	return fmt.Sprintf("%s-%s-%d", kind, w.name, w.made)
}

const features = "/api/admin/projects/default/features"

func (w *writer) createFlag(ctx context.Context, p *plane) error {
	name := w.next("flag")
	return w.change("flag "+name, "off", func() error {
		err := p.call(ctx, http.MethodPost, features, map[string]string{"name": name}, nil)
		if err == nil {
			w.flags = append(w.flags, name)
		}
		return err
	})
}

// toggle switches a flag to the other state. On without a strategy adds one.
func (w *writer) toggle(ctx context.Context, p *plane) error {
	name := w.flags[w.rand.IntN(len(w.flags))]
	state, groups, _ := strings.Cut(w.facts["flag "+name].acked, " ")
	to := "on"
	if state == "on" {
		to = "off"
	} else if groups == "" {
		groups = name
	}
	return w.change("flag "+name, strings.TrimSpace(to+" "+groups), func() error {
		return p.call(ctx, http.MethodPost, features+"/"+name+"/environments/"+environment+"/"+to, nil, nil)
	})
}

// maxStrategies keeps the documents small, so that writes stay many.
const maxStrategies = 5

func (w *writer) addStrategy(ctx context.Context, p *plane) error {
	name := w.flags[w.rand.IntN(len(w.flags))]
	state := w.facts["flag "+name].acked
	if strings.Count(state, " ") == maxStrategies {
		return w.toggle(ctx, p)
	}
	group := w.next("group")
	return w.change("flag "+name, state+" "+group, func() error {
		return p.call(ctx, http.MethodPost, features+"/"+name+"/environments/"+environment+"/strategies", map[string]any{
			"name": "flexibleRollout", "parameters": map[string]string{"rollout": "50", "groupId": group},
		}, nil)
	})
}

func (w *writer) createToken(ctx context.Context, p *plane) error {
	name := w.next("token")
	return w.change("token "+name, "there", func() error {
		var t token
		in := map[string]string{"name": name, "type": "backend", "environment": environment}
		err := p.call(ctx, http.MethodPost, "/api/v1/tokens", in, &t)
		if err == nil {
			w.tokens = append(w.tokens, t)
		}
		return err
	})
}

func (w *writer) revokeToken(ctx context.Context, p *plane) error {
	i := w.rand.IntN(len(w.tokens))
	t := w.tokens[i]
	return w.change("token "+t.Name, "", func() error {
		w.tokens = append(w.tokens[:i:i], w.tokens[i+1:]...)
		return p.call(ctx, http.MethodDelete, "/api/v1/tokens/"+t.ID, nil, nil)
	})
}

// check compares what a server serves with what the writer knows, and takes
// the outcome of the write that was under way from it.
func (w *writer) check(served map[string]string) error {
	for thing, f := range w.facts {
		got := served[thing]
		if got != f.acked && got != f.maybe {
			return fmt.Errorf("%s is %q, want %q as acknowledged, or %q as asked last", thing, got, f.acked, f.maybe)
		}
		f.acked, f.maybe = got, got
		if name, ok := strings.CutPrefix(thing, "flag "); ok && got != "" && !slices.Contains(w.flags, name) {
			w.flags = append(w.flags, name)
		}
	}
	return nil
}

// served returns the state of every flag and token of a plane, as facts have
// it: from the document that SDKs read, and the list of tokens.
func (p *plane) served(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	doc, err := p.features(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range doc.Features {
		state := []string{"off"}
		if f.Enabled {
			state[0] = "on"
		}
		for _, st := range f.Strategies {
			state = append(state, st.Parameters["groupId"])
		}
		out["flag "+f.Name] = strings.Join(state, " ")
	}
	for cursor := ""; ; {
		var page struct {
			Tokens []token `json:"tokens"`
			Next   string  `json:"next"`
		}
		if err := p.call(ctx, http.MethodGet, "/api/v1/tokens?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return nil, err
		}
		for _, t := range page.Tokens {
			out["token "+t.Name] = "there"
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}
