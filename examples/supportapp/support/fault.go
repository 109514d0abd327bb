package support

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Fault is something that goes wrong in one part of the app.
type Fault string

// The six faults. A healthy build has each of them in a few conversations, as
// agents do: see slips.
const (
	RetrievalOutage   Fault = "retrieval_outage"   // the search finds nothing; the model answers from memory
	CitationsStripped Fault = "citations_stripped" // answers lose their citations
	RoutingError      Fault = "routing_error"      // the wrong specialist gets the message
	SlowTool          Fault = "slow_tool"          // tools take 25 s longer
	UnsafeArgument    Fault = "unsafe_argument"    // a refund is of more than was paid
	ContextTruncation Fault = "context_truncation" // only the last message reaches the specialist
)

// Faults returns the six, in the order in which reports list them.
func Faults() []Fault {
	return []Fault{RetrievalOutage, CitationsStripped, RoutingError, SlowTool, UnsafeArgument, ContextTruncation}
}

// slips are the shares of conversations that a healthy build gets wrong.
var slips = [...]float64{0.03, 0.04, 0.03, 0.01, 0.005, 0.02} // as Faults

// Strengths are the faults that are switched on: for each the share of
// conversations, 0 to 1, that it hits beyond those of a healthy build. The
// zero Strengths is a healthy build.
type Strengths map[Fault]float64

// String returns the strengths as Set reads them.
func (s Strengths) String() string {
	var parts []string
	for _, f := range Faults() {
		if s[f] != 0 {
			parts = append(parts, string(f)+"="+strconv.FormatFloat(s[f], 'g', -1, 64))
		}
	}
	return strings.Join(parts, ",")
}

// Set switches faults on as "fault=strength", several with commas between. It
// is a flag.Value; the error names the part that is wrong.
func (s Strengths) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		strength, err := strconv.ParseFloat(value, 64)
		if err != nil || !(strength >= 0 && strength <= 1) {
			return fmt.Errorf("fault %q: want fault=strength, a strength from 0 to 1", part)
		}
		if !slices.Contains(Faults(), Fault(name)) {
			return fmt.Errorf("fault %q: there is none of that name, want one of %q", name, Faults())
		}
		s[Fault(name)] = strength
	}
	return nil
}

// luck is what chance has in store for one conversation.
type luck struct {
	seed         uint64
	conversation string
	draws        [len(slips)]float64
	remembers    bool // the model knows by heart what it does not look up
}

// newLuck draws for a conversation. Two builds draw alike, so that what
// differs between them is their faults alone.
func newLuck(seed uint64, conversation string) luck {
	l := luck{seed: seed, conversation: conversation}
	r := l.random("conversation")
	for i := range l.draws {
		l.draws[i] = r.Float64()
	}
	l.remembers = r.Float64() < 0.9
	return l
}

// random returns the random numbers of one part of the conversation.
func (l *luck) random(part string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(l.conversation + "\x00" + part))
	return rand.New(rand.NewPCG(l.seed, h.Sum64()))
}

// hit reports whether the conversation is one that a fault hits. A stronger
// fault hits all that a weaker one does.
func (l *luck) hit(f Fault, on Strengths) bool {
	i := slices.Index(Faults(), f)
	return l.draws[i] < slips[i]+(1-slips[i])*on[f]
}
