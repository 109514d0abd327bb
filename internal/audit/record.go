package audit

import (
	"encoding/json"
	"fmt"
	"time"
)

// Version is the only version of a record that there is.
const Version = 1

// MaxRecord is the greatest length of an encoded record in bytes. The entry
// bundles of C2SP tlog-tiles count an entry's length in 16 bits; the rest up
// to 65,535 is kept for framing.
const MaxRecord = 61_440

// TimeLayout is the form of every time in a record: UTC, milliseconds.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Record is one leaf of the log: who did what to which resource, under which
// authority, and with what result. A field that is not known or does not apply
// is absent from the encoded form; Seq is always there.
//
// A record holds identifiers, kinds, revisions, counts and hashes. It MUST NOT
// hold names, mail or network addresses, free text, targeting values, prompts,
// documents or secrets: nothing can be erased from a Merkle tree. Those live
// outside and are bound by [Sum], or by [Commitment] where they could be
// guessed.
type Record struct {
	V       int    `json:"v"`                 // Version; Encode sets it
	Seq     int64  `json:"seq"`               // the leaf's number, from 0
	ID      string `json:"id,omitempty"`      // UUIDv7
	TS      string `json:"ts"`                // TimeLayout
	Log     string `json:"log,omitempty"`     // the checkpoints' origin
	Org     string `json:"org,omitempty"`     // organisation
	Project string `json:"project,omitempty"` // project
	Env     string `json:"env,omitempty"`     // environment
	Type    string `json:"type,omitempty"`    // class.noun.verb: "flag.env.enable"
	Class   string `json:"class,omitempty"`   // "change", "rollout", "access"...
	Outcome string `json:"outcome,omitempty"` // "success", "denied", "error", "noop"
	Code    string `json:"code,omitempty"`    // the error's code; never its message

	Actor Actor        `json:"actor,omitzero"` // who did it
	OBO   Party        `json:"obo,omitzero"`   // on behalf of whom
	Act   []Delegation `json:"act,omitempty"`  // RFC 8693 chain, outermost first
	Agent Agent        `json:"agent,omitzero"` // the agent that acted, when one did
	Req   Request      `json:"req,omitzero"`   // the request it came by
	Res   Resource     `json:"res,omitzero"`   // what it was done to
	Chg   Change       `json:"chg,omitzero"`   // the difference, by reference
	Authz Authz        `json:"authz,omitzero"` // why it was allowed or denied
	CR    ChangeReq    `json:"cr,omitzero"`    // the change request it applies
	Dec   Decision     `json:"dec,omitzero"`   // the gate's verdict
	Cor   Correlation  `json:"cor,omitzero"`   // what else it belongs to

	Seal  []Seal `json:"seal,omitempty"`  // commitments to sealed values
	Count int64  `json:"count,omitempty"` // identical events that this record stands for
	Why   string `json:"why,omitempty"`   // a Commitment to the reason given, never its text
}

// Party is a principal, by kind and identifier.
type Party struct {
	Kind string `json:"kind,omitempty"` // "human", "service", "agent", "system", "edge"
	ID   string `json:"id,omitempty"`
}

// Actor is the principal that acted, and how it proved who it is.
type Actor struct {
	Kind string `json:"kind,omitempty"` // as of Party
	ID   string `json:"id,omitempty"`
	Via  string `json:"via,omitempty"`  // "session", "pat", "sat", "oauth", "wif", "mtls", "sdk", "scheduler", "engine"
	Cred string `json:"cred,omitempty"` // identifier of the token or session, never its secret
	Auth Auth   `json:"auth,omitzero"`
}

// Auth is the sign-in behind a session, in the terms of OpenID Connect.
type Auth struct {
	AMR      []string `json:"amr,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"` // Unix seconds
	IDP      string   `json:"idp,omitempty"`
}

// Delegation is one link of an RFC 8693 "act" chain.
type Delegation struct {
	Sub string `json:"sub,omitempty"`
	Iss string `json:"iss,omitempty"`
}

// Agent identifies the agent and the tool call behind an event. Client and
// Model are what the agent says of itself and prove nothing.
type Agent struct {
	ID         string `json:"id,omitempty"`
	ClientID   string `json:"client_id,omitempty"`
	Client     string `json:"client,omitempty"`
	Model      string `json:"model,omitempty"`
	Run        string `json:"run,omitempty"`
	Tool       string `json:"tool,omitempty"`
	ToolSchema string `json:"tool_schema,omitempty"` // a Sum
	Args       string `json:"args,omitempty"`        // a Sum
	Idem       string `json:"idem,omitempty"`        // idempotency key
	MCP        string `json:"mcp,omitempty"`         // protocol revision
	Tier       string `json:"tier,omitempty"`
}

// Request is how an event came in. Route is the pattern of the route, not the
// path that was asked for.
type Request struct {
	ID     string `json:"id,omitempty"`
	Trace  string `json:"trace,omitempty"`  // W3C traceparent
	Origin string `json:"origin,omitempty"` // "ui", "api", "mcp", "cli", "terraform", "ci", "engine", "scheduler"
	Method string `json:"method,omitempty"`
	Route  string `json:"route,omitempty"`
}

// Resource is what an event was about and, when it changed it, from which
// revision and document to which. A creation has no Rev0 and H0, a deletion no
// Rev1 and H1, and an event that changed nothing has none of the four. Rev1 is
// one more than the last revision that the key ever had.
type Resource struct {
	Type string `json:"type,omitempty"`
	ID   string `json:"id,omitempty"`
	Key  string `json:"key,omitempty"` // unique within its type
	Rev0 int64  `json:"rev0,omitempty"`
	Rev1 int64  `json:"rev1,omitempty"`
	H0   string `json:"h0,omitempty"` // a Sum
	H1   string `json:"h1,omitempty"` // a Sum
}

// Change refers to the stored difference between two revisions.
type Change struct {
	Fmt  string `json:"fmt,omitempty"`  // "json-patch"
	Ref  string `json:"ref,omitempty"`  // a Sum
	Size int64  `json:"size,omitempty"` // bytes
}

// Authz is the authorisation decision and the rule that made it.
type Authz struct {
	Decision   string   `json:"decision,omitempty"` // "allow", "deny"
	Perm       []string `json:"perm,omitempty"`
	Role       []string `json:"role,omitempty"`
	Policy     string   `json:"policy,omitempty"`
	PolicyRev  int64    `json:"policy_rev,omitempty"`
	PolicyH    string   `json:"policy_h,omitempty"` // a Sum
	Rule       string   `json:"rule,omitempty"`
	BreakGlass bool     `json:"break_glass,omitempty"`
}

// ChangeReq is the change request that an event applies or is about.
type ChangeReq struct {
	ID     string           `json:"id,omitempty"`
	Digest string           `json:"digest,omitempty"` // a Sum of exactly what is applied
	Base   map[string]int64 `json:"base,omitempty"`   // revisions it was made against
	Appr   []Approval       `json:"appr,omitempty"`
	Bypass string           `json:"bypass,omitempty"` // identifier of the bypass
}

// Approval is one person's consent to one digest.
type Approval struct {
	ID     string `json:"id,omitempty"`
	By     string `json:"by,omitempty"`
	At     string `json:"at,omitempty"`     // TimeLayout
	Digest string `json:"digest,omitempty"` // a Sum
	M      string `json:"m,omitempty"`      // "session", "webauthn"
	Sig    string `json:"sig,omitempty"`    // a Sum of the assertion
}

// Decision is a verdict of a gate and what it was computed from.
type Decision struct {
	Verdict       string   `json:"verdict,omitempty"` // "PROMOTE", "HOLD", "ROLLBACK"
	Gate          string   `json:"gate,omitempty"`
	GateRev       int64    `json:"gate_rev,omitempty"`
	Engine        string   `json:"engine,omitempty"`   // version
	Evidence      string   `json:"evidence,omitempty"` // a Sum of the snapshot
	Rule          string   `json:"rule,omitempty"`
	N             []int64  `json:"n,omitempty"`              // cases: treatment, control
	Window        []string `json:"window,omitempty"`         // from, to; TimeLayout
	HumanOverride string   `json:"human_override,omitempty"` // who overrode it
}

// Correlation ties an event to what else happened.
type Correlation struct {
	Rollout  string `json:"rollout,omitempty"`
	Deploy   string `json:"deploy,omitempty"`
	Commit   string `json:"commit,omitempty"`
	Build    string `json:"build,omitempty"`
	Incident string `json:"incident,omitempty"`
	Parent   *int64 `json:"parent,omitempty"` // Seq of the record that caused this one
}

// Seal says that a value is kept sealed outside the log.
type Seal struct {
	P string `json:"p"` // where the value belongs: a JSON pointer, "/req/ip"
	K string `json:"k"` // identifier of the key that seals it
	C string `json:"c"` // a Commitment
}

// FormatTime returns t as records hold it, cut to milliseconds.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeLayout) }

// ParseTime is the inverse of FormatTime and accepts no other form.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(TimeLayout, s)
	if err != nil || s[len("2006-01-02T15:04:05")] != '.' { // time.Parse takes a comma as well
		return time.Time{}, fmt.Errorf("time %q is not of the form %s", s, TimeLayout)
	}
	return t, nil
}

// Encode returns the bytes of r that enter the log: canonical, one line, at
// most MaxRecord bytes. They are made once; whoever checks the log hashes them
// as stored and never encodes again. An error names what is wrong: the time,
// a field that must be a Sum and is not, or the length.
func Encode(r Record) ([]byte, error) {
	r.V = Version
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("encode record %d: %w", r.Seq, err)
	}
	b, err := Canonical(r)
	if err != nil {
		return nil, fmt.Errorf("encode record %d: %w", r.Seq, err)
	}
	if len(b) > MaxRecord {
		return nil, fmt.Errorf("encode record %d: %d bytes, at most %d", r.Seq, len(b), MaxRecord)
	}
	return b, nil
}

// Decode reads the bytes of a record. Names it does not know are ignored; a
// version it does not know, a value of the wrong type and more than MaxRecord
// bytes are errors.
func Decode(b []byte) (Record, error) {
	var r Record
	if len(b) > MaxRecord {
		return r, fmt.Errorf("decode record: %d bytes, at most %d", len(b), MaxRecord)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, fmt.Errorf("decode record: %w", err)
	}
	if r.V != Version {
		return Record{}, fmt.Errorf("decode record: version %d, not %d", r.V, Version)
	}
	return r, nil
}

// check holds the door against text where a hash belongs.
func (r *Record) check() error {
	if r.Seq < 0 {
		return fmt.Errorf("seq: %d is negative", r.Seq)
	}
	if _, err := ParseTime(r.TS); err != nil {
		return fmt.Errorf("ts: %w", err)
	}
	for _, f := range r.sums() {
		if f.sum != "" && !isSum(f.sum) {
			return fmt.Errorf("%s: not of the form sha256:<64 hexadecimal digits>", f.name)
		}
	}
	return nil
}

type namedSum struct{ name, sum string }

// sums lists the fields of r that hold a Sum or a Commitment.
func (r *Record) sums() []namedSum {
	list := []namedSum{
		{"agent.tool_schema", r.Agent.ToolSchema},
		{"agent.args", r.Agent.Args},
		{"res.h0", r.Res.H0},
		{"res.h1", r.Res.H1},
		{"chg.ref", r.Chg.Ref},
		{"authz.policy_h", r.Authz.PolicyH},
		{"cr.digest", r.CR.Digest},
		{"dec.evidence", r.Dec.Evidence},
		{"why", r.Why},
	}
	for _, a := range r.CR.Appr {
		list = append(list, namedSum{"cr.appr.digest", a.Digest}, namedSum{"cr.appr.sig", a.Sig})
	}
	for _, s := range r.Seal {
		list = append(list, namedSum{"seal.c", s.C})
	}
	return list
}
