package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// ChangeSample is some of the changes of an environment, each with what it rests
// on and the proof that it is in the log.
type ChangeSample struct {
	Environment string          `json:"environment"`
	Since       time.Time       `json:"since,omitzero"`
	Until       time.Time       `json:"until,omitzero"`
	Seed        string          `json:"seed" doc:"the changes with the smallest SHA-256 of SEED/SEQ are here"`
	Of          int             `json:"of" doc:"how many changes there are in all"`
	VerifierKey string          `json:"verifierKey"`
	Changes     []SampledChange `json:"changes" doc:"in the order of the log"`
}

// SampledChange is one change. Documents are texts, since their bytes are what
// the record names the hash of.
type SampledChange struct {
	Seq         int64                `json:"seq"`
	Record      string               `json:"record" doc:"the leaf's bytes"`
	Proof       string               `json:"proof" doc:"C2SP tlog-proof"`
	Before      string               `json:"before,omitempty"`
	After       string               `json:"after,omitempty"`
	Differences []control.Difference `json:"differences"`
	Evidence    string               `json:"evidence,omitempty" doc:"what a verdict was made on"`
	Request     string               `json:"request,omitempty" doc:"the change request, as it was when it was applied"`
}

type sampleQuery struct {
	Environment string    `query:"environment" required:"true"`
	Since       time.Time `query:"since" doc:"the beginning of the log where absent"`
	Until       time.Time `query:"until" doc:"now where absent"`
	Sample      int       `query:"sample" minimum:"1" maximum:"500" default:"25"`
	Seed        string    `query:"seed" required:"true" minLength:"1"`
}

// samples adds what an auditor asks for.
func (a api) samples(h huma.API) {
	route(a, h, get("/audit/sample", "sampleChanges", "Take a sample of the changes of an environment, with proofs"), a.sampleChanges)
}

func (a api) sampleChanges(ctx context.Context, p control.Principal, in *sampleQuery) (ChangeSample, error) {
	out := ChangeSample{
		Environment: in.Environment, Since: in.Since, Until: in.Until, Seed: in.Seed, VerifierKey: a.VerifierKey, Changes: []SampledChange{},
	}
	found, of, err := a.Service.SampleChanges(ctx, p, control.Sample{
		Environment: in.Environment, Since: in.Since, Until: in.Until, Size: in.Sample, Seed: in.Seed,
	})
	if err != nil {
		return out, err
	}
	out.Of = of
	if err := a.Checkpoint(ctx); err != nil {
		return out, err
	}
	err = a.Log.ViewLog(ctx, func(log audit.FollowedLog) error {
		for _, c := range found {
			proof, err := audit.ProveIn(log, c.Seq)
			if err != nil {
				return err
			}
			text, err := proof.MarshalText()
			if err != nil {
				return err
			}
			out.Changes = append(out.Changes, SampledChange{
				Seq: c.Seq, Record: string(c.Record), Proof: string(text), Before: string(c.Before), After: string(c.After),
				Differences: append([]control.Difference{}, c.Differences...), Evidence: string(c.Evidence), Request: string(c.Request),
			})
		}
		return nil
	})
	return out, err
}
