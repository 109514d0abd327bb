package node

import (
	"time"

	"github.com/lockflight/lockflight/test/conformance/flaggen"
)

// Job is what a script is given to do: to ask each flag for each context, and
// to follow one flag. What one client needs beside it embeds it.
type Job struct {
	URL      string    `json:"url"` // of the API that the client speaks
	Token    string    `json:"token"`
	AppName  string    `json:"appName"`
	Contexts []Context `json:"contexts"`
	Flags    []string  `json:"flags"`
	Toggled  string    `json:"toggled"` // the flag to follow
}

// Context is a context as the clients take it. They do not let it name the
// application and the environment.
type Context struct {
	UserID        string            `json:"userId,omitempty"`
	SessionID     string            `json:"sessionId"`
	RemoteAddress string            `json:"remoteAddress"`
	CurrentTime   time.Time         `json:"currentTime"`
	Properties    map[string]string `json:"properties"`
}

// NewJob returns the job over a world. An application of its own keeps what
// one client counts apart from what others do.
func NewJob(url, token, app, toggled string, world flaggen.World) Job {
	out := Job{URL: url, Token: token, AppName: app, Toggled: toggled}
	for _, c := range world.Contexts {
		out.Contexts = append(out.Contexts, Context{c.UserID, c.SessionID, c.RemoteAddress, c.CurrentTime, c.Properties})
	}
	for _, f := range world.Flags {
		out.Flags = append(out.Flags, f.Name)
	}
	return out
}
