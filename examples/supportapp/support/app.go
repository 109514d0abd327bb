package support

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// App is one build of the app. It holds no state between turns: a request
// carries the conversation so far.
type App struct {
	Build  string
	Seed   uint64
	Faults Strengths
}

// Roles of messages.
const (
	User      = "user"
	Assistant = "assistant"
)

// Message is one of a conversation.
type Message struct {
	Role string `json:"role"` // User or Assistant
	Text string `json:"text"`
}

// Request asks for the next answer of a conversation. Chance follows from the
// app's seed and the conversation's id.
type Request struct {
	Conversation string    `json:"conversation"` // its id
	User         string    `json:"user"`         // who asks, and whose order it is
	Messages     []Message `json:"messages"`     // so far, the last of them the user's
}

// validate returns what is wrong with a request.
func (r *Request) validate() error {
	for _, f := range []struct{ name, value string }{{"conversation", r.Conversation}, {"user", r.User}} {
		if f.value == "" {
			return fmt.Errorf("%s: must not be empty", f.name)
		}
	}
	if len(r.Messages) == 0 || r.Messages[len(r.Messages)-1].Role != User {
		return errors.New("messages: want one or more, the last of role user")
	}
	for i, m := range r.Messages {
		if m.Role != User && m.Role != Assistant {
			return fmt.Errorf("messages[%d].role: %q, want user or assistant", i, m.Role)
		}
	}
	return nil
}

// Answer is one turn of the app, with what a trace of it would show.
type Answer struct {
	Conversation string     `json:"conversation"`
	Build        string     `json:"build"`
	Text         string     `json:"text"`
	Route        string     `json:"route"`               // the specialist that answered
	Documents    []Document `json:"documents,omitempty"` // that it looked up
	Tools        []Call     `json:"tools,omitempty"`     // that it called
	Citations    []string   `json:"citations,omitempty"` // ids of documents and calls
	Context      []string   `json:"context,omitempty"`   // facts of the conversation that it had
	Refused      bool       `json:"refused,omitempty"`
	ElapsedMS    int64      `json:"elapsed_ms"` // what it would have taken; nobody waits
}

// Answer gives the next answer of a conversation. The error says what is
// wrong with the request.
func (a *App) Answer(r Request) (Answer, error) {
	if err := r.validate(); err != nil {
		return Answer{}, err
	}
	return a.answer(r), nil
}

func (a *App) answer(r Request) Answer {
	t := turn{app: a, request: r, luck: newLuck(a.Seed, r.Conversation), desk: desk{user: r.User}}
	t.answer.Conversation, t.answer.Build = r.Conversation, a.Build
	t.run()
	return t.answer
}

// turn is one answer in the making.
type turn struct {
	app     *App
	request Request
	luck    luck
	desk    desk
	answer  Answer
}

func (t *turn) hit(f Fault) bool { return t.luck.hit(f, t.app.Faults) }

func (t *turn) run() {
	message := t.request.Messages[len(t.request.Messages)-1].Text
	t.answer.Context = t.remember()
	t.answer.Route = t.route(message)
	switch intent := intentOf(message); {
	case strings.Contains(strings.ToLower(message), "ignore your instructions"):
		t.refuse("I cannot do that.")
	case intent.tool != "" && intent.team == t.answer.Route:
		t.act(intent)
	default:
		t.look(message)
	}
	if t.hit(CitationsStripped) {
		t.answer.Citations = nil
	}
	t.answer.Tools = t.desk.calls
	t.answer.ElapsedMS = t.elapsed().Milliseconds()
}

// remember returns the orders that the conversation has named, as far as the
// specialist gets to see it.
func (t *turn) remember() []string {
	seen := t.request.Messages
	if t.hit(ContextTruncation) {
		seen = seen[len(seen)-1:]
	}
	var orders []string
	for _, m := range seen {
		if m.Role != User {
			continue
		}
		for _, id := range orderID.FindAllString(m.Text, -1) {
			if !slices.Contains(orders, id) {
				orders = append(orders, id)
			}
		}
	}
	return orders
}

// intent is what a message wants done, by whom. Without a tool it is a
// question.
type intent struct{ team, tool, document string }

func intentOf(message string) intent {
	text := strings.ToLower(message)
	switch {
	case strings.Contains(text, "please refund"):
		return intent{Billing, Refund, "kb-refunds"}
	case strings.Contains(text, "where is my order"):
		return intent{Shipping, LookUpOrder, "kb-delivery"}
	}
	return intent{}
}

// route returns the specialist for a message: of what it wants done, else of
// the document nearest to it.
func (t *turn) route(message string) string {
	team := intentOf(message).team
	if team == "" {
		team = search("", message, 1)[0].Team
	}
	if !t.hit(RoutingError) {
		return team
	}
	teams := []string{Billing, Shipping, Account}
	return teams[(slices.Index(teams, team)+1)%len(teams)]
}

// look answers a question from the documents, or where there are none from
// memory.
func (t *turn) look(message string) {
	t.retrieve(message)
	switch {
	case len(t.answer.Documents) > 0:
		best := t.answer.Documents[0]
		t.say(best.Text, best.ID)
	case t.luck.remembers:
		t.say(search(t.answer.Route, message, 1)[0].Text)
	default:
		t.say("I am not sure, but most customers find it in their settings.")
	}
}

// retrieve looks up documents.
func (t *turn) retrieve(query string) {
	if !t.hit(RetrievalOutage) {
		t.answer.Documents = search(t.answer.Route, query, 2)
	}
}

// whichOrder asks for what a message did not say.
const whichOrder = "Which order is it?"

// act does what a message wants done to an order.
func (t *turn) act(in intent) {
	if len(t.answer.Context) == 0 {
		t.say(whichOrder)
		return
	}
	order := t.answer.Context[len(t.answer.Context)-1]
	call, err := t.desk.use(LookUpOrder, map[string]any{"order": order})
	if err != nil {
		t.refuse("I cannot do that: " + err.Error() + ".")
		return
	}
	policy := documentOf(in.document)
	t.retrieve(strings.Join(policy.Terms, " "))
	said := "Order " + order + " is " + call.Result + ". "
	if in.tool == Refund {
		amount := Paid(order)
		if t.hit(UnsafeArgument) {
			amount *= 3 // the total of the account, not of the order
		}
		// The tool refuses nothing that the look-up did not.
		call, _ = t.desk.use(Refund, map[string]any{"order": order, "amount": amount})
		said = fmt.Sprintf("Order %s: %d.%02d %s. ", order, amount/100, amount%100, call.Result)
	}
	citations := []string{call.ID}
	if len(t.answer.Documents) > 0 {
		citations = append(citations, t.answer.Documents[0].ID)
	}
	t.say(said+policy.Text, citations...)
}

func (t *turn) say(text string, citations ...string) {
	t.answer.Text, t.answer.Citations = text, citations
}

func (t *turn) refuse(text string) {
	t.say(text)
	t.answer.Refused = true
}

// elapsed draws how long the parts took. Times are log-normal, as those of
// models and tools are.
func (t *turn) elapsed() time.Duration {
	r := t.luck.random(fmt.Sprint("time", len(t.request.Messages)))
	about := func(median time.Duration) time.Duration {
		return time.Duration(float64(median) * math.Exp(0.5*r.NormFloat64()))
	}
	d := about(400*time.Millisecond) + about(600*time.Millisecond) + about(3*time.Second) // router, search, answer
	for range t.desk.calls {
		d += about(800 * time.Millisecond)
		if t.hit(SlowTool) {
			d += slowBy
		}
	}
	return d
}
