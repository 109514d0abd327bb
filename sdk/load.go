package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Load serves a client features document instead of the one before, from when
// it returns on. It is for a client without a URL, whose documents come some
// other way, and refuses where there is a server to follow.
func (c *Client) Load(ctx context.Context, document []byte) error {
	if c.api != nil {
		return errors.New("load a document: the client follows a server")
	}
	conf := configuration{source: SourceBootstrap}
	if err := json.Unmarshal(document, &conf.document); err != nil {
		return fmt.Errorf("load a document: not a client features document: %w", err)
	}
	conf.seq = revision(&conf.document)
	c.loading.Lock()
	defer c.loading.Unlock()
	c.publish(ctx, conf)
	return nil
}
