package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Load serves a client features document instead of the one before, from when
// it returns on. It is for a client without a URL, whose documents come some
// other way, and refuses where there is a server to follow.
func (c *Client) Load(ctx context.Context, document []byte) error {
	if c.api != nil {
		return errors.New("load a document: the client follows a server")
	}
	var snapshot eval.Snapshot
	if err := json.Unmarshal(document, &snapshot); err != nil {
		return fmt.Errorf("load a document: not a client features document: %w", err)
	}
	c.loading.Lock()
	defer c.loading.Unlock()
	c.publish(c.compile(ctx, snapshot, origin{SourceBootstrap, revision(&snapshot)}))
	return nil
}
