package main

import (
	"context"
	"fmt"
	"net/url"
	"text/tabwriter"
)

// printList prints all that a server lists under a name: as JSON, or as a table
// with a row of tab-separated columns for each.
func printList[T any](ctx context.Context, r remote, f format, s streams, query url.Values, path, name, header string, row func(T) string) error {
	list, err := all[T](ctx, r, path, query, name)
	if err != nil {
		return err
	}
	if f.Output == "json" {
		return printJSON(s.out, map[string]any{name: list})
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, header)
	for _, one := range list {
		fmt.Fprintln(w, row(one))
	}
	return w.Flush()
}
