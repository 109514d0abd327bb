package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// pageSize is how much of a list one request asks for: the most that there is.
const pageSize = "1000"

// all reads a list to its end, page by page: what is under key in each.
func all[T any](ctx context.Context, r remote, path string, query url.Values, key string) ([]T, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", pageSize)
	out := []T{}
	for {
		var page map[string]json.RawMessage
		if err := r.call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		var part []T
		if err := json.Unmarshal(page[key], &part); err != nil {
			return nil, fmt.Errorf("reading the answer of GET %s: %w", path, err)
		}
		out = append(out, part...)
		if page["next"] == nil {
			return out, nil
		}
		var next string
		if err := json.Unmarshal(page["next"], &next); err != nil {
			return nil, fmt.Errorf("reading the answer of GET %s: %w", path, err)
		}
		query.Set("cursor", next)
	}
}
