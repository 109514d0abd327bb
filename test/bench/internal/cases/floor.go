package cases

import (
	"runtime"

	"github.com/twmb/murmur3"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// Floor is the least that the cases can cost, as a program would that knows
// what they ask: a map look-up for A; that and the hash of "group:user" put
// together on the stack, modulo 100, for C, G and H; and for D, besides,
// three look-ups in the property map, membership of a set, and a plain parse
// of one version and one date, which check nothing.
func Floor() rounds.Contender {
	contexts := Contexts(Ring)
	few := map[string]*int{"A": new(int), "B": new(int), "C": new(int), "D": new(int), "E": new(int), "F": new(int)}
	hashed := floorC(contexts, few)
	return rounds.Contender{Name: "floor", Cases: map[string]rounds.Loop{
		"A": func(n int) {
			sum := 0
			for range n {
				sum += *few["A"]
			}
			runtime.KeepAlive(sum)
		},
		"C": hashed,
		"D": floorD(contexts, few),
		"G": rounds.Parallel(hashed),
		"H": floorH(contexts),
	}}
}

func floorC(contexts []eval.Context, few map[string]*int) rounds.Loop {
	return func(n int) {
		sum := 0
		for i := range n {
			sum += *few["C"] + Bucket("group", contexts[i%Ring].UserID)
		}
		runtime.KeepAlive(sum)
	}
}

func floorD(contexts []eval.Context, few map[string]*int) rounds.Loop {
	countries := map[string]struct{}{}
	for _, c := range Countries {
		countries[c] = struct{}{}
	}
	return func(n int) {
		sum := 0
		for i := range n {
			c := &contexts[i%Ring]
			_, in := countries[c.Properties["country"]]
			if in && plainVersion(c.Properties["version"]) > 1_002_003 && plainDate(c.Properties["since"]) > 20240101 {
				sum += *few["D"] + Bucket("group", c.UserID)
			}
		}
		runtime.KeepAlive(sum)
	}
}

func floorH(contexts []eval.Context) rounds.Loop {
	document := Rollouts(Many)
	many := make(map[string]*int, Many)
	for i := range document.Features {
		many[document.Features[i].Name] = new(int)
	}
	names := Names(document)
	next := 0
	return func(n int) {
		sum := 0
		for i := range n {
			name := names[(next+i)%len(names)]
			sum += *many[name] + Bucket(name, contexts[i%Ring].UserID)
		}
		next += n
		runtime.KeepAlive(sum)
	}
}

// Bucket returns where group places a user, from 1 to 100.
func Bucket(group, id string) int {
	var buffer [64]byte
	key := append(append(append(buffer[:0], group...), ':'), id...)
	return int(murmur3.SeedSum32(0, key)%100) + 1
}

// plainVersion reads three numbers as one.
func plainVersion(s string) int {
	n, part := 0, 0
	for i := range len(s) {
		if s[i] == '.' {
			n, part = n*1000+part, 0
		} else {
			part = part*10 + int(s[i]-'0')
		}
	}
	return n*1000 + part
}

// plainDate reads a day as one number.
func plainDate(s string) int {
	n := 0
	for i := range len("2006-01-02") {
		if s[i] != '-' {
			n = n*10 + int(s[i]-'0')
		}
	}
	return n
}
