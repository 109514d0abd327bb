package openfeature

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk/eval"
)

// contextOf maps an evaluation context. The attributes userId, sessionId,
// remoteAddress, environment, appName and currentTime are the fields of their
// names; the targeting key is the user where there is no userId. All but
// currentTime are properties too, so that a constraint may name targetingKey.
// A property is text: numbers and booleans as JSON writes them, times as RFC
// 3339, and what has parts as JSON. A nil is a missing one.
//
// The error is INVALID_CONTEXT: a currentTime that is no time.
func contextOf(flat of.FlattenedContext) (eval.Context, error) {
	var c eval.Context
	for name, value := range flat {
		if name == "currentTime" {
			at, err := timeOf(value)
			if err != nil {
				return c, err
			}
			c.CurrentTime = at
			continue
		}
		s, ok := textOf(value)
		if !ok {
			continue
		}
		if field := fieldOf(&c, name); field != nil {
			*field = s
			continue
		}
		if c.Properties == nil {
			c.Properties = make(map[string]string, len(flat))
		}
		c.Properties[name] = s
	}
	if c.UserID == "" {
		c.UserID = c.Properties[of.TargetingKey]
	}
	return c, nil
}

// fieldOf returns the field with the name that constraints know it by, or nil.
func fieldOf(c *eval.Context, name string) *string {
	switch name {
	case "userId":
		return &c.UserID
	case "sessionId":
		return &c.SessionID
	case "remoteAddress":
		return &c.RemoteAddress
	case "environment":
		return &c.Environment
	case "appName":
		return &c.AppName
	}
	return nil
}

// textOf returns a value as text, and whether it has any.
func textOf(value any) (s string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time:
		return v.Format(time.RFC3339Nano), true
	}
	b, err := json.Marshal(value)
	return string(b), err == nil
}

func timeOf(value any) (time.Time, error) {
	switch v := value.(type) {
	case nil:
		return time.Time{}, nil
	case time.Time:
		return v, nil
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at, nil
		}
	}
	return time.Time{}, of.NewInvalidContextResolutionError(fmt.Sprintf("currentTime must be a time.Time or RFC 3339 text, got %v", value))
}
