package eval

import (
	"cmp"
	"time"
)

// Context is the subject of an evaluation and its circumstances. An empty
// field is a missing one (but see Options); a property is missing when the map lacks it. A nil
// *Context has no field at all. The engine does not change it and does not
// keep it.
type Context struct {
	UserID        string
	SessionID     string
	RemoteAddress string // IPv4 or IPv6, without a port
	Environment   string
	AppName       string
	CurrentTime   time.Time // zero: Options.Now is asked, if a constraint needs it
	Properties    map[string]string
}

// field says where in a Context a constraint or a stickiness finds its value.
type field uint8

const (
	fieldProperty field = iota
	fieldUserID
	fieldSessionID
	fieldRemoteAddress
	fieldEnvironment
	fieldAppName
	fieldCurrentTime // a time and no text: only the DATE operators read it
	fieldDefault     // stickiness: the user, else the session, else chance
	fieldRandom      // stickiness: chance
)

// fieldNamed returns the field that a constraint's contextName means. The
// standard names are never looked up among the properties.
func fieldNamed(name string) field {
	switch name {
	case "userId":
		return fieldUserID
	case "sessionId":
		return fieldSessionID
	case "remoteAddress":
		return fieldRemoteAddress
	case "environment":
		return fieldEnvironment
	case "appName":
		return fieldAppName
	case "currentTime":
		return fieldCurrentTime
	default:
		return fieldProperty
	}
}

// stickyField returns the field that a stickiness means.
func stickyField(stickiness string) field {
	switch stickiness {
	case "", "default":
		return fieldDefault
	case "random":
		return fieldRandom
	case "currentTime":
		return fieldProperty
	default:
		return fieldNamed(stickiness)
	}
}

// field returns the text of a field, and whether the context has it. Property
// is its name where the field is one.
func (s *Set) field(f field, property string, c *Context) (v string, ok bool) {
	if f == fieldProperty {
		v, ok = c.Properties[property]
		return v, ok
	}
	return s.standard(f, c)
}

// standard returns the text of a field that is not a property.
func (s *Set) standard(f field, c *Context) (v string, ok bool) {
	switch f {
	case fieldUserID:
		v = c.UserID
	case fieldSessionID:
		v = c.SessionID
	case fieldRemoteAddress:
		v = c.RemoteAddress
	case fieldEnvironment:
		v = cmp.Or(c.Environment, s.options.Environment)
	case fieldAppName:
		v = cmp.Or(c.AppName, s.options.AppName)
	case fieldDefault:
		if v = c.UserID; v == "" {
			v = c.SessionID
		}
	case fieldProperty, fieldCurrentTime, fieldRandom:
	}
	return v, v != ""
}
