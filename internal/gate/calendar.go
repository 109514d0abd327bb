package gate

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Calendar says when the exposure of a release may grow. What reduces it never
// waits. The zero Calendar is always open.
type Calendar struct {
	TimeZone string         `json:"time_zone,omitempty"` // of the windows, by its IANA name; UTC where empty
	Windows  []ChangeWindow `json:"windows,omitempty"`   // within one of which it must be; none: at any time
	Freezes  []Freeze       `json:"freezes,omitempty"`   // within none of which it may be
}

// ChangeWindow is a span of some days of the week, by the clocks on the wall.
type ChangeWindow struct {
	Days []string `json:"days,omitempty"` // mon, tue, wed, thu, fri, sat, sun; every day where none
	From string   `json:"from"`           // 15:04, included
	To   string   `json:"to"`             // 15:04, not included; 24:00 is the day's end
}

// Freeze is a span of time in which nothing grows.
type Freeze struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"` // not included
	Reason string    `json:"reason,omitempty"`
}

// Settled returns the calendar, nil where it is always open.
func (c *Calendar) Settled() *Calendar {
	if c == nil || len(c.Windows) == 0 && len(c.Freezes) == 0 {
		return nil
	}
	return c
}

// weekdays are the names of days, as time.Weekday counts them.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Closed says why exposure may not grow at a moment, in words for people, or
// "" where it may. The moment must be in the calendar's time zone, which the
// caller looks up.
func (c *Calendar) Closed(local time.Time) string {
	if c == nil {
		return ""
	}
	for _, f := range c.Freezes {
		if !local.Before(f.From) && local.Before(f.To) {
			why := "frozen until " + f.To.Format(time.RFC3339)
			if f.Reason != "" {
				why += ": " + f.Reason
			}
			return why
		}
	}
	if len(c.Windows) == 0 || slices.ContainsFunc(c.Windows, func(w ChangeWindow) bool { return w.holds(local) }) {
		return ""
	}
	return "outside the change windows"
}

// holds says whether a moment of local time is in the window.
func (w *ChangeWindow) holds(local time.Time) bool {
	if len(w.Days) > 0 && !slices.Contains(w.Days, weekdays[local.Weekday()]) {
		return false
	}
	from, _ := minuteOf(w.From)
	to, _ := minuteOf(w.To)
	at := local.Hour()*60 + local.Minute()
	return from <= at && at < to
}

// minuteOf returns the minute of the day that 15:04 is, from 0 to 1440.
func minuteOf(clock string) (int, bool) {
	if clock == "24:00" {
		return 24 * 60, true
	}
	at, err := time.Parse("15:04", clock)
	return at.Hour()*60 + at.Minute(), err == nil && len(clock) == len("15:04")
}

// Validate checks all but the name of the time zone; its error is a *FieldError.
func (c *Calendar) Validate() error {
	if c == nil {
		return nil
	}
	for i := range c.Windows {
		if err := c.Windows[i].validate("calendar.windows[" + strconv.Itoa(i) + "]"); err != nil {
			return err
		}
	}
	for i, f := range c.Freezes {
		at := "calendar.freezes[" + strconv.Itoa(i) + "]"
		if err := firstFault([]check{
			{!f.From.IsZero(), at + ".from", "want a time"},
			{f.To.After(f.From), at + ".to", "want a time after from"},
		}); err != nil {
			return err
		}
	}
	return nil
}

func (w *ChangeWindow) validate(at string) error {
	from, fromOK := minuteOf(w.From)
	to, toOK := minuteOf(w.To)
	if err := firstFault([]check{
		{fromOK, at + ".from", "want a time of day, such as 09:00"},
		{toOK, at + ".to", "want a time of day, such as 17:00, or 24:00"},
		{from < to, at + ".to", "must be after from: a window over midnight is two"},
	}); err != nil {
		return err
	}
	for i, day := range w.Days {
		if !slices.Contains(weekdays, day) {
			return wrongField(at+".days["+strconv.Itoa(i)+"]", strconv.Quote(day)+": want one of "+strings.Join(weekdays, ", "))
		}
	}
	return nil
}
