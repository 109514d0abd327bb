package cases

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// Client returns a client without a server that serves a document. It counts
// its checks, as always.
func Client(document eval.Snapshot) (*sdk.Client, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("encode the cases: %w", err)
	}
	return sdk.New(context.Background(), sdk.Options{Bootstrap: text})
}

// Ours are the cases through the SDK, by the names of flags, and by handles.
// I is D with the context made in the loop.
func Ours() (byName, byHandle rounds.Contender, err error) {
	c, err := Client(Document())
	if err != nil {
		return byName, byHandle, err
	}
	many, err := Client(Rollouts(Many))
	if err != nil {
		return byName, byHandle, err
	}
	byName = rounds.Contender{Name: "lockflight", Cases: map[string]rounds.Loop{
		"F": variants(c, Contexts(Ring)),
		"G": rounds.Parallel(checks(c, "C")),
		"H": manyChecks(many),
		"I": contextsMade(c),
	}}
	byHandle = rounds.Contender{Name: "handle", Cases: make(map[string]rounds.Loop)}
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		byName.Cases[name] = checks(c, name)
		byHandle.Cases[name] = handled(c, name)
	}
	return byName, byHandle, nil
}

func checks(c *sdk.Client, name string) rounds.Loop {
	contexts := Contexts(Users(name))
	return func(n int) {
		for i := range n {
			c.Bool(name, &contexts[i%Ring], false)
		}
	}
}

func handled(c *sdk.Client, name string) rounds.Loop {
	contexts, flag := Contexts(Users(name)), c.Flag(name)
	return func(n int) {
		for i := range n {
			flag.Bool(&contexts[i%Ring], false)
		}
	}
}

func variants(c *sdk.Client, contexts []eval.Context) rounds.Loop {
	return func(n int) {
		for i := range n {
			c.Variant("F", &contexts[i%Ring])
		}
	}
}

func manyChecks(c *sdk.Client) rounds.Loop {
	contexts, names := Contexts(Ring), Names(Rollouts(Many))
	next := 0
	return func(n int) {
		for i := range n {
			c.Bool(names[(next+i)%len(names)], &contexts[i%Ring], false)
		}
		next += n
	}
}

func contextsMade(c *sdk.Client) rounds.Loop {
	ids := UserIDs(Ring)
	return func(n int) {
		for i := range n {
			c.Bool("D", &eval.Context{UserID: ids[i%Ring], Properties: map[string]string{
				"country": "no", "version": "2.10.7", "since": "2025-03-04T05:06:07Z",
			}}, false)
		}
	}
}
