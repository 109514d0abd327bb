package unleash

import (
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// eventDoc is Unleash's eventSchema. The id is one more than the record's
// sequence number, which counts from 0.
type eventDoc struct {
	ID              int64    `json:"id"`
	Type            string   `json:"type"`
	CreatedAt       string   `json:"createdAt"`
	CreatedBy       string   `json:"createdBy"`
	CreatedByUserID *int     `json:"createdByUserId"` // principals have no numbers here
	Project         *string  `json:"project"`
	Environment     *string  `json:"environment"`
	FeatureName     *string  `json:"featureName"`
	Data            any      `json:"data"`
	PreData         any      `json:"preData"`
	Tags            []tagDoc `json:"tags"`
	Label           string   `json:"label"`
	Summary         string   `json:"summary"`
	IP              *string  `json:"ip"` // in no record
}

// toEvent shows what a record says, under Unleash's name of it.
func toEvent(o control.Occurrence) (eventDoc, error) {
	name, err := eventName(o)
	if err != nil {
		return eventDoc{}, err
	}
	flag, err := flagOf(o)
	if err != nil {
		return eventDoc{}, err
	}
	out := eventDoc{
		ID: o.Seq + 1, Type: name, CreatedAt: o.TS, CreatedBy: o.Actor.ID,
		Project: orNull(o.Project), Environment: orNull(o.Env), FeatureName: orNull(flag), Label: label(name),
	}
	out.Summary = summary(out)
	out.Data, out.PreData, err = eventData(o, name)
	return out, err
}

// flagOf returns the flag that a record is about, "" where it is about none.
func flagOf(o control.Occurrence) (string, error) {
	switch o.Res.Type {
	case string(control.KindFlag):
		return o.Res.Key, nil
	case string(control.KindFlagEnv):
		_, flag, _ := strings.Cut(o.Res.Key, "/")
		return flag, nil
	case string(control.KindRelease):
		_, after, err := control.Documents[control.Release](o)
		if err != nil || after == nil {
			return "", err
		}
		return after.Flag, nil
	}
	return "", nil
}

// orNull makes null of what is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// label turns Unleash's name of an event into words: feature-strategy-add into
// "Flag strategy add".
func label(name string) string {
	words := strings.ReplaceAll(strings.Replace(name, "feature", "flag", 1), "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// summary is one line of Markdown about an event.
func summary(e eventDoc) string {
	var b strings.Builder
	b.WriteString("**" + e.CreatedBy + "**: " + strings.ToLower(e.Label[:1]) + e.Label[1:])
	for _, at := range []struct {
		before string
		name   *string
	}{{" ", e.FeatureName}, {" in ", e.Environment}, {", project ", e.Project}} {
		if at.name != nil {
			b.WriteString(at.before + "**" + *at.name + "**")
		}
	}
	return b.String()
}
