package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// pollTimeout bounds a poll, the reading of its answer included.
const pollTimeout = 30 * time.Second

// poll asks for the features document: Unleash's GET /api/client/features.
func (f *follower) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	header := map[string]string{"Accept": "application/json"}
	if f.etag != "" {
		header["If-None-Match"] = f.etag
	}
	response, err := f.client.api.get(ctx, "/api/client/features", header)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusNotModified:
		f.client.confirm()
		return nil
	case http.StatusOK:
	default:
		return newStatusError(response)
	}
	document, err := readDocument(response.Body)
	if err != nil {
		return fmt.Errorf("read the features document: %w", err)
	}
	// The stream's ids need not be the document's: it has to hydrate anew.
	f.lastEventID = ""
	f.etag = response.Header.Get("ETag")
	f.serve(ctx, f.client.compile(ctx, document, origin{SourceServer, revision(&document)}))
	return nil
}

// readDocument reads a features document of at most 64 MiB.
func readDocument(r io.Reader) (document eval.Snapshot, err error) {
	limited := &io.LimitedReader{R: r, N: maxDocument}
	err = json.NewDecoder(limited).Decode(&document)
	if err != nil && limited.N <= 0 {
		err = fmt.Errorf("over %d MiB", maxDocument>>20)
	}
	return document, err
}
