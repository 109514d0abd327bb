package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

type flagExplainCmd struct {
	remote
	format
	flagPlace
	UserID        string            `name:"user-id" help:"The context's userId."`
	SessionID     string            `name:"session-id" help:"Its sessionId."`
	RemoteAddress string            `name:"remote-address" help:"Its remoteAddress."`
	AppName       string            `name:"app-name" help:"Its appName."`
	Context       map[string]string `short:"c" help:"A property of it, as key=value."`
	At            time.Time         `help:"A moment in the past (2026-11-22T10:00:00Z): how it was decided then."`
}

// explanationDoc is what the server says of one decision.
type explanationDoc struct {
	Flag       string    `json:"flag"`
	Enabled    bool      `json:"enabled"`
	Variant    variant   `json:"variant"`
	Strategy   int       `json:"strategy"`
	Message    string    `json:"message"`
	At         time.Time `json:"at"`
	Revision   int64     `json:"revision"`
	Release    string    `json:"release"`
	StrategyID string    `json:"strategyId"`
	Strategies []struct {
		Name    string `json:"name"`
		Matches bool   `json:"matches"`
		Message string `json:"message"`
	} `json:"strategies"`
}

type variant struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
}

// Run prints how the flag is decided.
func (c *flagExplainCmd) Run(ctx context.Context, s streams) error {
	about := map[string]any{
		"userId": c.UserID, "sessionId": c.SessionID, "remoteAddress": c.RemoteAddress, "appName": c.AppName,
	}
	if c.Context != nil {
		about["properties"] = c.Context
	}
	in := map[string]any{"flag": c.Name, "environment": c.Environment, "context": about}
	if !c.At.IsZero() {
		in["at"] = c.At
	}
	var raw json.RawMessage
	if err := c.call(ctx, http.MethodPost, "/api/v1/explain", in, &raw); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, raw)
	}
	var out explanationDoc
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("reading the explanation: %w", err)
	}
	out.print(s.out, c.Environment)
	return nil
}

// print writes the answer, the reason, and what each strategy came to.
func (e explanationDoc) print(w io.Writer, environment string) {
	state := "off"
	if e.Enabled {
		state = "on"
	}
	if e.Variant.Enabled {
		state += ", variant " + e.Variant.Name
	}
	fmt.Fprintf(w, "%s is %s in %s at %s, by revision %d\n", e.Flag, state, environment, e.At.Format(time.RFC3339), e.Revision)
	fmt.Fprintln(w, e.Message)
	if e.Release != "" {
		fmt.Fprintf(w, "release %s is running: strategy 0 is its own\n", e.Release)
	}
	for i, st := range e.Strategies {
		sign := "-"
		if st.Matches {
			sign = "+"
		}
		fmt.Fprintf(w, "  %s %d %s: %s\n", sign, i, st.Name, st.Message)
	}
}
