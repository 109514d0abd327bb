package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

type evidenceCmd struct {
	Submit evidenceSubmitCmd `cmd:"" help:"Send observations (NDJSON) to the server."`
}

type evidenceSubmitCmd struct {
	remote
	format
	File string `arg:"" help:"The file; - for standard input."`
}

// Run sends the file and prints what was taken and what was not.
func (c *evidenceSubmitCmd) Run(ctx context.Context, s streams) error {
	in := s.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("opening the evidence: %w", err)
		}
		defer f.Close()
		in = f
	}
	answer, err := c.send(ctx, http.MethodPost, "/api/v1/evidence", "application/x-ndjson", in)
	if err != nil {
		return err
	}
	defer answer.Close()
	var out struct {
		Accepted int `json:"accepted"`
		Rejected []struct {
			Line  int    `json:"line"`
			Error string `json:"error"`
		} `json:"rejected"`
	}
	b, err := io.ReadAll(answer)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if c.Output == "json" {
		return printJSON(s.out, json.RawMessage(b))
	}
	fmt.Fprintf(s.out, "%d accepted, %d rejected\n", out.Accepted, len(out.Rejected))
	for _, r := range out.Rejected {
		fmt.Fprintf(s.out, "line %d: %s\n", r.Line, r.Error)
	}
	return nil
}
