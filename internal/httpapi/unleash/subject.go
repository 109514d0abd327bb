package unleash

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// subject returns the context that a request of the frontend API is for: of its
// body where it is a POST, and of its query otherwise. The environment is the
// token's, whatever the client says. What the client leaves open, Unleash fills
// in: the address that it calls from, and a session of its own for this one
// request, so that nobody is left out of a rollout.
func (a *Clients) subject(w http.ResponseWriter, r *http.Request) (*eval.Context, error) {
	c := &eval.Context{
		Environment: httpapi.CallerOf(r.Context()).Token.Environment, CurrentTime: a.now(),
	}
	var err error
	if r.Method == http.MethodPost {
		err = readBody(w, r, c)
	} else {
		err = readQuery(r.URL.RawQuery, c)
	}
	if c.RemoteAddress == "" {
		c.RemoteAddress = address(r)
	}
	if c.SessionID == "" {
		c.SessionID = newSession()
	}
	return c, err
}

// readQuery takes a context from a query, in which properties are written
// properties[name]=value. Of a name that is there twice the first counts; a part
// that is not well-formed is passed over, as net/url does.
func readQuery(query string, c *eval.Context) error {
	var room [16]string
	seen := room[:0]
	for part := range strings.SplitSeq(query, "&") {
		rawKey, rawValue, _ := strings.Cut(part, "=")
		key, badKey := url.QueryUnescape(rawKey)
		value, badValue := url.QueryUnescape(rawValue)
		if part == "" || badKey != nil || badValue != nil || strings.Contains(part, ";") || slices.Contains(seen, key) {
			continue
		}
		if len(seen) < maxParts {
			seen = append(seen, key)
		} else {
			return control.Invalidf("query", "must not have more than %d parts", maxParts)
		}
		if name, ok := propertyName(key); ok {
			setProperty(c, name, value)
		} else if err := setField(c, key, key, value); err != nil {
			return err
		}
	}
	return nil
}

// maxParts is how many parts a query may have.
const maxParts = 1000

// setProperty sets a property of a context.
func setProperty(c *eval.Context, name, value string) {
	if c.Properties == nil {
		c.Properties = map[string]string{}
	}
	c.Properties[name] = value
}

// propertyName returns the name in properties[name].
func propertyName(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, "properties[")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "]")
}

// readBody takes a context from {"context":{...}}, or from the body itself as
// Edge does.
func readBody(w http.ResponseWriter, r *http.Request, c *eval.Context) error {
	var body map[string]any
	if err := httpapi.SDKBody.Decode(w, r, &body); err != nil {
		return err
	}
	path := ""
	if inner, ok := body["context"]; ok && inner != nil {
		if body, ok = inner.(map[string]any); !ok {
			return control.Invalidf("context", "must be an object")
		}
		path = "context."
	}
	for key, value := range body {
		if err := setValue(c, path, key, value); err != nil {
			return err
		}
	}
	return nil
}

// setValue takes one member of a context in JSON.
func setValue(c *eval.Context, path, key string, value any) error {
	if key == "context" && value == nil {
		return nil
	}
	if key != "properties" {
		s, err := plainText(path+key, value)
		if err != nil {
			return err
		}
		return setField(c, path+key, key, s)
	}
	properties, ok := value.(map[string]any)
	if !ok && value != nil {
		return control.Invalidf(path+key, "must be an object")
	}
	for name, value := range properties {
		s, err := plainText(path+key+"."+name, value)
		if err != nil {
			return err
		}
		if value != nil {
			setProperty(c, name, s)
		}
	}
	return nil
}

// plainText reads a value of a context: constraints compare text, so that 5 is
// taken as "5". A null is as if it were not there.
func plainText(path string, value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(value), nil
	}
	return "", control.Invalidf(path, "must be a text, a number, or true or false")
}

// setField sets a field of a context by its name in Unleash. One that Unleash
// does not know is a property, unless a property of that name is given as one.
// What is empty is missing.
func setField(c *eval.Context, path, name, value string) error {
	if value == "" {
		return nil
	}
	switch name {
	case "userId":
		c.UserID = value
	case "sessionId":
		c.SessionID = value
	case "remoteAddress":
		c.RemoteAddress = value
	case "appName":
		c.AppName = value
	case "environment":
	case "currentTime":
		t, err := parseMoment(value)
		if err != nil {
			return control.Invalidf(path, "%v", err)
		}
		c.CurrentTime = t
	default:
		if _, given := c.Properties[name]; !given {
			setProperty(c, name, value)
		}
	}
	return nil
}

// address returns where a request comes from. What a proxy says of it is not
// asked: anybody can send X-Forwarded-For.
func address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return peer.Addr().Unmap().WithZone("").String()
}

// newSession returns a random session id in Unleash's form.
func newSession() string {
	var raw [18]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
