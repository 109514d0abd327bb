package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/bench/internal/cases"
)

// The limits of what 10,000 flags take.
const (
	compileLimit = 100 * time.Millisecond
	applyLimit   = 200 * time.Microsecond
	memoryLimit  = 2048 // bytes a flag
)

// deltas judges what it takes to compile 10,000 flags, to apply a change of
// one, and to keep them.
func (v *verdicts) deltas() error {
	document := cases.Rollouts(cases.Many)
	var compiled, applied []time.Duration
	var set *eval.Set
	for range 11 {
		began := time.Now()
		set, _ = eval.Compile(document)
		compiled = append(compiled, time.Since(began))
	}
	for i := range 1000 {
		changed := document.Features[i*7]
		changed.Enabled = i%2 == 0
		delta := eval.Delta{Events: []eval.Event{{Type: eval.FeatureUpdated, EventID: int64(i), Feature: &changed}}}
		began := time.Now()
		next, _, err := set.Apply(delta)
		if err != nil {
			return fmt.Errorf("apply a change of one flag: %w", err)
		}
		applied, set = append(applied, time.Since(began)), next
	}
	slices.Sort(compiled)
	slices.Sort(applied)
	atOnce, one := compiled[len(compiled)/2], applied[len(applied)/2]
	v.report.Printf("%d flags: compiled in %v (median), limit %v", cases.Many, atOnce, compileLimit)
	v.limit(atOnce < compileLimit)
	v.report.Printf("a delta of one of them applied to the engine in %v (median), %v (p99), limit %v",
		one, applied[len(applied)*99/100], applyLimit)
	v.limit(one < applyLimit)
	memory, err := memoryOf(document)
	if err != nil {
		return err
	}
	v.report.Printf("a client of them takes %d bytes a flag, limit %d", memory/cases.Many, memoryLimit)
	v.limit(memory/cases.Many < memoryLimit)
	v.report.Printf("\n")
	return nil
}

// memoryOf returns how much the heap grows by a client of a document, in
// bytes. The document that it decodes is part of that.
func memoryOf(document eval.Snapshot) (uint64, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, err := cases.Client(document)
	if err != nil {
		return 0, err
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return after.HeapAlloc - before.HeapAlloc, c.Close()
}
