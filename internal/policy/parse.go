package policy

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v4"

	"github.com/lockflight/lockflight/internal/condition"
)

// Policy is a list of rules, ready to decide by. It may be used concurrently.
type Policy struct {
	digest string
	rules  []rule
}

// Digest is the SHA-256 of the document, "sha256:<hex>"; empty where p is nil.
func (p *Policy) Digest() string {
	if p == nil {
		return ""
	}
	return p.digest
}

// rule is one of a policy.
type rule struct {
	name     string
	when     condition.Condition
	outcome  Outcome
	requires Requirement
}

// decision is that of a rule that denies or allows.
func (r *rule) decision() Decision {
	d := Decision{Outcome: r.outcome, Rule: r.name}
	if r.outcome == Deny {
		d.Why = "a rule denies it"
	}
	return d
}

// maxApprovals is the most that a rule may require.
const maxApprovals = 10

//go:embed default.yaml
var defaultDocument []byte

// Default returns the policy that holds where none is given.
func Default() (*Policy, error) { return Parse("default.yaml", defaultDocument) }

// Parse reads a policy in YAML:
//
//	version: 1
//	rules:
//	- name: agents-propose-in-production  # each once
//	  when: actor.kind == "agent" && env.class == "prod"  # CEL
//	  require: {approvals: 1, from: "group:release-managers"}  # 1 to 10, from a group or a role (role:Owner) or anybody;
//	                                      # or deny: true, or allow: true
//
// A condition knows action, perm and project; actor.kind, actor.id and
// actor.on_behalf_of; env.name and env.class (prod, nonprod, or empty);
// change.reduces_exposure and change.increases_exposure.
//
// The error has a line for each fault, FILE:LINE:COL: what is wrong; name is
// that of the file.
func Parse(name string, document []byte) (*Policy, error) {
	env, err := condition.NewEnv(map[string]*cel.Type{
		"action": cel.StringType, "perm": cel.StringType, "project": cel.StringType,
		"actor":  cel.MapType(cel.StringType, cel.StringType),
		"env":    cel.MapType(cel.StringType, cel.StringType),
		"change": cel.MapType(cel.StringType, cel.BoolType),
	})
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Load(document, &root); err != nil {
		return nil, fmt.Errorf("%s:1:1: %w", name, err)
	}
	r := reader{file: name, env: env}
	sum := sha256.Sum256(document)
	p := &Policy{digest: "sha256:" + hex.EncodeToString(sum[:])}
	if len(root.Content) == 1 {
		p.rules = r.policy(root.Content[0])
	} else {
		r.fault(&root, "want a policy: version and rules")
	}
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	return p, nil
}

// reader reads the nodes of a document, and gathers what is wrong.
type reader struct {
	file   string
	env    condition.Env
	faults []error
	names  []string
}

func (r *reader) fault(at *yaml.Node, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s:%d:%d: %s", r.file, max(at.Line, 1), max(at.Column, 1), fmt.Sprintf(format, args...)))
}

// fields returns the values of a mapping by key, and faults what is unknown or
// there twice.
func (r *reader) fields(n *yaml.Node, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		r.fault(n, "want a mapping of %v", known)
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(known, key.Value):
			r.fault(key, "there is no %q here; known are %v", key.Value, known)
		case out[key.Value] != nil:
			r.fault(key, "%q is there twice", key.Value)
		default:
			out[key.Value] = n.Content[i+1]
		}
	}
	return out
}

func (r *reader) policy(n *yaml.Node) []rule {
	f := r.fields(n, "version", "rules")
	if v := f["version"]; v == nil || v.Value != "1" {
		r.fault(n, "want version: 1")
	}
	rules := f["rules"]
	if rules == nil || rules.Kind != yaml.SequenceNode {
		r.fault(n, "want rules, a list; without any, everything is denied")
		return nil
	}
	var out []rule
	for _, one := range rules.Content {
		out = append(out, r.rule(one))
	}
	return out
}

func (r *reader) rule(n *yaml.Node) rule {
	f := r.fields(n, "name", "when", "deny", "require", "allow")
	var out rule
	if name := f["name"]; name == nil || name.Value == "" {
		r.fault(n, "want a name")
	} else if out.name = name.Value; slices.Contains(r.names, out.name) {
		r.fault(name, "a rule %q is there already", out.name)
	}
	r.names = append(r.names, out.name)
	if when := f["when"]; when == nil || when.Kind != yaml.ScalarNode {
		r.fault(n, "rule %q: want when, a condition; \"true\" for always", out.name)
	} else {
		var err error
		if out.when, err = r.env.Compile(when.Value, known); err != nil {
			r.fault(when, "rule %q: %v", out.name, err)
		}
	}
	r.outcome(n, f, &out)
	return out
}

// outcome reads the one outcome of a rule.
func (r *reader) outcome(n *yaml.Node, f map[string]*yaml.Node, out *rule) {
	for _, o := range []Outcome{Deny, Require, Allow} {
		value := f[string(o)]
		switch {
		case value == nil:
			continue
		case out.outcome != "":
			r.fault(value, "rule %q has two outcomes: want one of deny, require and allow", out.name)
			continue
		case o == Require:
			out.requires = r.requirement(out.name, value)
		case value.Value != "true":
			r.fault(value, "want %s: true", o)
		}
		out.outcome = o
	}
	if out.outcome == "" {
		r.fault(n, "rule %q has no outcome: want one of deny, require and allow", out.name)
	}
}

func (r *reader) requirement(rule string, n *yaml.Node) Requirement {
	out := Requirement{Rule: rule}
	f := r.fields(n, "approvals", "from")
	if from := f["from"]; from != nil {
		out.From = from.Value
		if kind, name, ok := strings.Cut(out.From, ":"); !ok || name == "" || kind != "group" && kind != "role" {
			r.fault(from, "from: %q is not group:NAME or role:NAME", out.From)
		}
	}
	value := f["approvals"]
	if value == nil {
		r.fault(n, "want approvals, how many")
		return out
	}
	var err error
	if out.Approvals, err = strconv.Atoi(value.Value); err != nil || out.Approvals < 1 || out.Approvals > maxApprovals {
		r.fault(value, "approvals: %q is not a number from 1 to %d", value.Value, maxApprovals)
	}
	return out
}
