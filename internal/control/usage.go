package control

import (
	"context"
	"slices"
	"time"
)

// Usage counts one flag's evaluations by one application in one hour.
type Usage struct {
	Flag        string
	Environment string
	App         string
	Hour        time.Time // truncated to the hour, UTC
	Yes, No     int64
	Variants    map[string]int64
	SeenAt      time.Time // the latest moment that is counted; Hour where zero; not read back
}

// FlagUse says when one application asked about one flag in one environment:
// what stays when the hours' counts are dropped.
type FlagUse struct {
	Flag        string
	Environment string
	App         string
	FirstAt     time.Time
	SeenAt      time.Time
	YesAt       time.Time // when the answer was last on; zero where it never was
	NoAt        time.Time // when it was last off; zero where it never was
}

// UseFilter says which uses are read: those of a flag, of an application, of
// both, or all of them.
type UseFilter struct{ Flag, App string }

// Share is how often a flag was on and off in one environment over some time.
type Share struct {
	Flag        string
	Environment string
	Yes, No     int64
}

// Instance is one SDK or edge that has registered or sent metrics.
type Instance struct {
	App         string
	ID          string
	Environment string
	SDK         string // "unleash-node-sdk:6.12.1"
	SeenAt      time.Time
	Frontend    bool     // it came with a frontend token
	Strategies  []string // that it can evaluate, as it registered; empty where it did not say
	Projects    []string // that its token reads; empty where that is not known
	Edge        string   // name of the edge that it follows; empty for the plane
}

// EdgeApp is the application that edges are instances of, each by its name.
const EdgeApp = "lockflight-edge"

// Reads reports whether the flags of a project are among what the instance is
// served.
func (i Instance) Reads(project string) bool {
	return len(i.Projects) == 0 || slices.Contains(i.Projects, All) || slices.Contains(i.Projects, project)
}

// Receipt says when an instance served the configuration of a sequence
// number: from that moment on every answer it gave was at least that new.
type Receipt struct {
	App         string
	Instance    string
	Environment string
	Seq         int64
	AppliedAt   time.Time
	// Since is when the instance served anything here for the first time, as
	// the store knows: one that came after a change is not late for it.
	Since time.Time
}

// UnknownUse says when an application last asked about a flag that is not
// served in the environment it asked in.
type UnknownUse struct {
	Flag        string
	Environment string
	App         string
	SeenAt      time.Time
}

// MaxUnknown is how many UnknownUses are kept; of more than that the latest.
const MaxUnknown = 10_000

// Reports is what clients said about themselves in some stretch of time.
type Reports struct {
	Usage     []Usage
	Instances []Instance
	Receipts  []Receipt
	Unknown   []UnknownUse
	Impact    []ImpactReport
}

// Rows returns how much of the store's work the reports are.
func (r Reports) Rows() int {
	n := len(r.Usage) + len(r.Instances) + len(r.Receipts) + len(r.Unknown)
	for _, i := range r.Impact {
		n += 1 + len(i.Samples)
	}
	return n
}

// UsageStore keeps what clients report about themselves. Losing the newest
// second of it in a crash is allowed; counting anything twice is not.
type UsageStore interface {
	// AddReports adds counts to the rows of the same flag, environment,
	// application and hour, marks who was seen, and adds the impact metrics of
	// those reports that are new. It is one transaction, whatever the number.
	AddReports(ctx context.Context, in Reports) error
	// Usage returns the rows of a flag since a moment, oldest first.
	Usage(ctx context.Context, flag string, since time.Time) ([]Usage, error)
	// FlagUses returns who asked about which flag, by flag, environment and
	// application.
	FlagUses(ctx context.Context, of UseFilter) ([]FlagUse, error)
	// Shares adds up the hours of flags since a moment, by environment. The
	// hour that since falls in counts.
	Shares(ctx context.Context, flags []string, since time.Time) ([]Share, error)
	// Instances returns those of an environment, of all where it is empty,
	// that were seen since a moment.
	Instances(ctx context.Context, environment string, since time.Time) ([]Instance, error)
	// Receipts returns, for each instance of an environment, the first
	// receipt with Seq >= seq.
	Receipts(ctx context.Context, environment string, seq int64) ([]Receipt, error)
	// UnknownUses returns the latest uses of flags that are not served, by
	// flag, environment and application.
	UnknownUses(ctx context.Context) ([]UnknownUse, error)
	// ImpactWindows returns the windows of impact metrics, oldest first.
	ImpactWindows(ctx context.Context, of ImpactFilter) ([]ImpactWindow, error)
	// ForgetApp removes all that an application has reported, its impact
	// metrics included.
	ForgetApp(ctx context.Context, app string) error
	// DropReports removes what is from before a moment: hours, receipts,
	// instances, impact windows and unknown flags. Of the uses of each flag and
	// environment the last one stays, however old. It goes in steps, so that
	// it keeps nobody waiting.
	DropReports(ctx context.Context, before time.Time) error
}
