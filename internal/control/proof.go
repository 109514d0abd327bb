package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/expr"
)

// KindProof is the latest self-test of a policy, under the policy's digest.
const KindProof ResourceKind = "policy_proof"

// ProveEvery is how often a policy in use is tested again.
const ProveEvery = 24 * time.Hour

// Proof says whether a policy was seen to block builds that are known to be
// bad, and when.
type Proof struct {
	PolicySHA256 string       `json:"policySha256"`
	Policy       string       `json:"policy"` // its name
	At           time.Time    `json:"at"`
	Blocks       bool         `json:"blocks"`
	Trials       []gate.Trial `json:"trials"`
}

// CheckBlocks refuses a plan with a policy that does not block every bad build
// of its self-test.
func CheckBlocks(plan gate.Plan) error {
	for i := range plan.Milestones {
		if i > 0 && plan.Milestones[i].Policy == nil && plan.Milestones[i].MinDuration == nil {
			continue // the plan's own, which the first has shown
		}
		policy := plan.PolicyAt(i)
		test, err := selfTest(policy)
		if err != nil {
			return InvalidPlan("plan", err)
		}
		if test.Blocks {
			continue
		}
		var through []string
		for _, t := range test.Failed() {
			through = append(through, t.String())
		}
		if len(through) == 0 {
			through = []string{"everything: it has goals alone"}
		}
		return &Error{
			Kind: Invalid, Code: "policy_cannot_block", Field: fmt.Sprintf("plan.milestones[%d]", i),
			Msg: fmt.Sprintf("policy %q lets known-bad builds through, which production does not allow: %s; see lockflight gate selftest", policy.Metadata.Name, strings.Join(through, "; ")),
		}
	}
	return nil
}

func selfTest(p gate.Policy) (gate.SelfTest, error) {
	rules, err := expr.Compile(p)
	if err != nil {
		return gate.SelfTest{}, err
	}
	return rules.SelfTest(p)
}

// checkBlocks is CheckBlocks where the release would be in production. It goes
// before the transaction, which it would keep for too long; what the principal
// may not start is left to the transaction to deny.
func (s *Service) checkBlocks(ctx context.Context, p Principal, in StartRelease) error {
	production := false
	err := s.store.View(ctx, func(tx ReadTx) error {
		f, err := get[Flag](tx, KindFlag, in.Flag)
		if err != nil {
			return present(err)
		}
		env, err := get[Environment](tx, KindEnvironment, in.Environment)
		if err != nil {
			return present(err)
		}
		production = env.Type == productionType &&
			(p.Proposal != nil || p.May(PermReleaseStart, Ref{f.Project, f.Name, in.Environment}.scope()) == nil)
		return nil
	})
	if err != nil || !production {
		return err
	}
	return CheckBlocks(in.Plan)
}

// ProvePolicies tests the policy of each open release that was not tested in the
// last day, and leaves an event each time. Where several replicas do, one event
// is left.
func (s *Service) ProvePolicies(ctx context.Context) error {
	open, err := s.Releases(ctx, Engine(), true)
	if err != nil {
		return err
	}
	var errs []error
	seen := map[string]bool{}
	for _, r := range open {
		policy := r.policy()
		sum, err := policyDigest(policy)
		if err != nil || seen[sum] {
			errs = append(errs, err)
			continue
		}
		seen[sum] = true
		errs = append(errs, s.prove(ctx, policy, sum))
	}
	return errors.Join(errs...)
}

func (s *Service) prove(ctx context.Context, policy gate.Policy, sum string) error {
	due := func(tx ReadTx, now time.Time) (bool, error) {
		last, err := get[Proof](tx, KindProof, sum)
		return err != nil || now.Sub(last.At) >= ProveEvery, present(err)
	}
	var is bool
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		is, err = due(tx, s.now())
		return err
	})
	if err != nil || !is {
		return err
	}
	test, err := selfTest(policy)
	if err != nil {
		return err
	}
	return s.write(ctx, Engine(), Normal, func(w *work) error {
		if is, err := due(w, w.now); err != nil || !is {
			return err
		}
		return w.put(event{Type: "gate.selftest", Kind: KindProof, Key: sum, Doc: Proof{
			PolicySHA256: sum, Policy: policy.Metadata.Name, At: w.now, Blocks: test.Blocks, Trials: test.Trials,
		}})
	})
}

// Proof returns the latest self-test of the policy that decides about a release
// now; nil where there was none yet.
func (s *Service) Proof(ctx context.Context, r ReleaseView) (*Proof, error) {
	sum, err := policyDigest(r.policy())
	if err != nil {
		return nil, err
	}
	var out *Proof
	err = s.store.View(ctx, func(tx ReadTx) error {
		proof, err := get[Proof](tx, KindProof, sum)
		if err == nil {
			out = &proof
		}
		return present(err)
	})
	return out, err
}

// policyDigest is that under which a verdict names its policy.
func policyDigest(p gate.Policy) (string, error) {
	doc, err := audit.Canonical(p)
	if err != nil {
		return "", fmt.Errorf("encoding a policy: %w", err)
	}
	return audit.Sum(doc), nil
}
