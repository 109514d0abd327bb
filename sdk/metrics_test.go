package sdk_test

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

const (
	metricsPath  = "/api/client/metrics"
	receiptsPath = "/api/v1/receipts"
)

func TestUsageIsReported(t *testing.T) {
	t.Parallel()
	v := on("v")
	v.Variants = []eval.WeightedVariant{{Name: "red", Weight: 1000}}
	s := newServer(t, on("a"), off("b"), v)
	c := open(t, s)
	ready(t, c)
	for range 3 {
		c.Bool("a", nil, false)
	}
	c.Bool("b", nil, true)
	c.Variant("b", nil)
	c.Variant("v", nil)
	c.Bool("nobody", nil, true)
	c.Variant("nobody", nil)

	want := map[string]sdk.Count{
		"a":      {Yes: 3},
		"b":      {No: 2, Variants: map[string]uint64{"disabled": 1}},
		"v":      {Yes: 1, Variants: map[string]uint64{"red": 1}},
		"nobody": {Yes: 1, No: 1},
	}
	if diff := cmp.Diff(want, c.Usage()); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	s.answer(metricsPath, status(http.StatusInternalServerError))
	if err := c.Flush(t.Context()); err == nil {
		t.Error("no error from a server that fails")
	}
	if diff := cmp.Diff(want, c.Usage()); diff != "" {
		t.Errorf("usage after a failed report (-want +got):\n%s", diff)
	}
	s.answer(metricsPath, nil)
	if err := c.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	report := s.reports(t)[0]
	if diff := cmp.Diff(want, report.Bucket.Toggles); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if b := report.Bucket; !b.Start.Before(b.Stop) || report.AppName != "checkout" {
		t.Errorf("report = %+v", report)
	}
	if got := c.Usage(); len(got) != 0 {
		t.Errorf("usage after a report = %v, want none", got)
	}
}

// What a server refuses is not sent again, or no report would ever get
// through.
func TestRefusedUsageIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	s := newServer(t, on("a"))
	c := open(t, s)
	ready(t, c)
	c.Bool("a", nil, false)
	s.answer(metricsPath, status(http.StatusBadRequest))
	if err := c.Flush(t.Context()); err == nil {
		t.Error("no error from a server that refuses")
	}
	if got := c.Stats().ChecksRefused; got != 1 || len(c.Usage()) != 0 {
		t.Errorf("refused = %d, usage = %v; want 1 and none", got, c.Usage())
	}
}

func TestReportsStaySmall(t *testing.T) {
	t.Parallel()
	var flags []eval.Flag
	for i := range 1000 {
		flags = append(flags, on(strconv.Itoa(i)))
	}
	s := newServer(t, flags...)
	c := open(t, s)
	ready(t, c)
	for _, f := range flags {
		c.Bool(f.Name, nil, false)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	total := 0
	for i, r := range s.reports(t) {
		total += len(r.Bucket.Toggles)
		if size := len(s.received(metricsPath)[i].body); size > 100_000 {
			t.Errorf("report of %d bytes", size)
		}
	}
	if total != len(flags) {
		t.Errorf("%d flags reported, want %d", total, len(flags))
	}
}

// The receipts name every configuration that was served, once, and are sent
// although nothing was checked.
// A server that has no place for receipts finds them beside the metrics.
func TestReceipts(t *testing.T) {
	t.Parallel()
	s := newServer(t, off("a"))
	changed, wait := signal(t)
	c := open(t, s, func(o *sdk.Options) { o.OnChanged = changed })
	ready(t, c)
	s.put(on("a"), off("a"))
	serves(t, c, 3, wait)
	s.answer(metricsPath, status(http.StatusServiceUnavailable))
	if err := c.Flush(t.Context()); err == nil {
		t.Error("no error from a server that fails")
	}
	s.answer(metricsPath, nil)
	for range 2 {
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	reports := s.reports(t)
	if len(reports) != 1 {
		t.Fatalf("%d reports, want one", len(reports))
	}
	got := reports[0]
	if got.Bucket != nil {
		t.Errorf("bucket = %+v, want null", got.Bucket)
	}
	want := []sdk.Receipt{{Seq: 1}, {Seq: 2}, {Seq: 3}}
	if diff := cmp.Diff(want, got.Lockflight.Applied, cmpopts.IgnoreFields(sdk.Receipt{}, "At")); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
	for i, r := range got.Lockflight.Applied {
		if i > 0 && r.At.Before(got.Lockflight.Applied[i-1].At) {
			t.Errorf("receipt %d is dated before the one before", i)
		}
	}
}

// Counts of checks that go on while snapshots are swapped and reports fail
// add up to the checks.
func TestUsageAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := newServer(t, on("a"), off("b"))
		changed, wait := signal(t)
		c := open(t, s, func(o *sdk.Options) { o.OnChanged = changed })
		ready(t, c)
		const checkers, checks = 3, 2000
		var work sync.WaitGroup
		for range checkers {
			work.Go(func() {
				for range checks {
					c.Bool("a", nil, false)
					c.Variant("b", nil)
				}
			})
		}
		seq := int64(1)
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			switch rapid.IntRange(0, 2).Draw(r, "step") {
			case 0:
				s.put(on("x"+strconv.Itoa(rapid.IntRange(0, 3).Draw(r, "flag"))), on("a"))
				seq += 2
				serves(t, c, seq, wait)
			case 1:
				s.answer(metricsPath, status(http.StatusInternalServerError))
				c.Flush(t.Context())
				s.answer(metricsPath, nil)
			case 2:
				c.Flush(t.Context())
			}
		}
		work.Wait()
		c.Close()
		got := make(map[string]sdk.Count)
		for _, report := range s.reports(t) {
			if report.Bucket == nil {
				continue
			}
			for flag, n := range report.Bucket.Toggles {
				sum := got[flag]
				sum.Yes, sum.No = sum.Yes+n.Yes, sum.No+n.No
				got[flag] = sum
			}
		}
		want := map[string]sdk.Count{"a": {Yes: checkers * checks}, "b": {No: checkers * checks}}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestRegisters(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.answer("/api/client/register", status(http.StatusServiceUnavailable))
	open(t, s)
	s.waitFor(t, "/api/client/register", 1)
	s.answer("/api/client/register", nil)
	got := s.waitFor(t, "/api/client/register", 2)[1]
	for _, field := range []string{`"appName":"checkout"`, `"interval":3600000`, `"strategies":["default"`, `"started":"`} {
		if !bytes.Contains(got.body, []byte(field)) {
			t.Errorf("%s lacks %s", got.body, field)
		}
	}
}
