package ofrep

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// targetingKey is OpenFeature's name of what a flag is decided for.
const targetingKey = "targetingKey"

// subject returns the context that a request is for, by the same rules as the
// OpenFeature provider of the Go SDK: userId, sessionId, remoteAddress, appName
// and currentTime are the fields of these names, the targeting key is the user
// where there is no userId, and all else is a property, written as text. The
// environment is the token's, whatever the client says.
func (a *API) subject(w http.ResponseWriter, r *http.Request) (*eval.Context, error) {
	data, err := httpapi.SDKBody.Bytes(w, r)
	if err != nil {
		return nil, err
	}
	c := &eval.Context{Properties: map[string]string{}, CurrentTime: a.now()}
	if err := readContext(data, c); err != nil {
		return nil, err
	}
	if c.UserID == "" {
		c.UserID = c.Properties[targetingKey]
	}
	c.Environment = httpapi.CallerOf(r.Context()).Token.Environment
	return c, nil
}

// readContext takes the members of "context" from a body.
func readContext(data []byte, c *eval.Context) error {
	if flat, ok := httpapi.FlatContext(data); ok {
		for name, text := range flat {
			if err := set(c, name, text); err != nil {
				return err
			}
		}
		return nil
	}
	var body struct {
		Context map[string]any `json:"context"`
	}
	if err := httpapi.SDKBody.Unmarshal(data, &body); err != nil {
		return err
	}
	for name, value := range body.Context {
		if err := set(c, name, value); err != nil {
			return err
		}
	}
	return nil
}

func set(c *eval.Context, name string, value any) error {
	if name == "currentTime" && value != nil {
		s, _ := value.(string)
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return control.Invalidf("context.currentTime", "must be an RFC 3339 time, like 2026-11-22T10:00:00Z")
		}
		c.CurrentTime = at
		return nil
	}
	if s, ok := text(value); ok {
		setText(c, name, s)
	}
	return nil
}

func setText(c *eval.Context, name, s string) {
	switch name {
	case "userId":
		c.UserID = s
	case "sessionId":
		c.SessionID = s
	case "remoteAddress":
		c.RemoteAddress = s
	case "appName":
		c.AppName = s
	case "environment":
	default:
		c.Properties[name] = s
	}
}

// text writes a value as constraints compare it; a null is a missing one.
func text(value any) (s string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	b, err := json.Marshal(value)
	return string(b), err == nil
}
