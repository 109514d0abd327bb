package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// waiting is how long a command waits for what it did to be served.
type waiting struct {
	Wait time.Duration `default:"2s" help:"How long to wait until edges and SDKs serve the change, at most 30s; 0s asks nobody."`
}

// propagationDoc is who serves a change.
type propagationDoc struct {
	Environment string `json:"environment"`
	Instances   int    `json:"instances"`
	Confirmed   int    `json:"confirmed"`
	SlowestMS   int64  `json:"slowestMs"`
	Silent      int    `json:"silent"`
	Missing     []struct {
		App  string `json:"app"`
		ID   string `json:"id"`
		Edge string `json:"edge"`
	} `json:"missing"`
}

// named is how many of those that are missing are named.
const named = 10

// print writes "production: 412 of 412 in 84 ms", or who is missing.
func (d propagationDoc) print(w io.Writer) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", d.Environment)
	if d.Instances == 0 {
		b.WriteString("nobody says what they serve")
	} else {
		fmt.Fprintf(&b, "%d of %d in %d ms", d.Confirmed, d.Instances, d.SlowestMS)
	}
	missing := d.Instances - d.Confirmed
	between := "; missing:"
	for _, m := range d.Missing[:min(len(d.Missing), named)] {
		fmt.Fprintf(&b, "%s %s %s", between, m.App, m.ID)
		between = ","
		if m.Edge != "" {
			fmt.Fprintf(&b, " behind %s", m.Edge)
		}
	}
	if missing > named {
		fmt.Fprintf(&b, " and %d more", missing-named)
	}
	if d.Silent > 0 {
		fmt.Fprintf(&b, "; %d never say", d.Silent)
	}
	fmt.Fprintln(w, b.String())
}

// receipts asks at a path until all serve the change, or until.
func (r remote) receipts(ctx context.Context, path string, until time.Time) (propagationDoc, error) {
	var d propagationDoc
	left := min(max(0, time.Until(until)), 30*time.Second)
	err := r.call(ctx, http.MethodGet, path+"/receipts?waitMs="+strconv.FormatInt(left.Milliseconds(), 10), nil, &d)
	return d, err
}
