package eval

import (
	"cmp"
	"time"
)

// instant is a point in time as a count since 1970-01-01T00:00:00Z. It is
// compared without the work that a time.Time does for its calendar.
type instant struct {
	seconds     int64
	nanoseconds int32
}

func instantOf(t time.Time) instant {
	return instant{t.Unix(), int32(t.Nanosecond())}
}

func compareInstants(a, b instant) int {
	if a.seconds != b.seconds {
		return cmp.Compare(a.seconds, b.seconds)
	}
	return cmp.Compare(a.nanoseconds, b.nanoseconds)
}

// parseInstant reads an RFC 3339 date-time. Unlike time.Parse it allocates
// neither a location for an offset nor an error. A leap second is the first of
// the next minute; digits after the ninth of a fraction are dropped.
func parseInstant(s string) (t instant, ok bool) {
	const layout = "0000-00-00T00:00:00"
	if len(s) < len(layout)+1 || !isPunctuated(s) {
		return instant{}, false
	}
	year := twoDigits(s, 0)*100 + twoDigits(s, 2)
	month, day := twoDigits(s, 5), twoDigits(s, 8)
	hour, minute, second := twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17)
	valid := min(year, month-1, day-1, hour, minute, second) >= 0 &&
		month <= 12 && day <= daysIn(year, month) && hour <= 23 && minute <= 59 && second <= 60
	fraction, s, hasFraction := cutFraction(s[len(layout):])
	offset, hasOffset := parseOffset(s)
	if !valid || !hasFraction || !hasOffset {
		return instant{}, false
	}
	clock := int64(hour*3600 + minute*60 + second)
	return instant{daysSince1970(year, month, day)*86400 + clock - int64(offset), fraction}, true
}

// isPunctuated checks what stands between the numbers. RFC 3339 allows the
// date and the time to be parted by a lower-case t or a space.
func isPunctuated(s string) bool {
	return s[4] == '-' && s[7] == '-' && (s[10]|0x20 == 't' || s[10] == ' ') && s[13] == ':' && s[16] == ':'
}

// twoDigits returns the number at s[i:i+2], far below 0 where there is none.
func twoDigits(s string, i int) int {
	if !isDigit(s[i]) || !isDigit(s[i+1]) {
		return -10_000
	}
	return int(s[i]-'0')*10 + int(s[i+1]-'0')
}

// cutFraction cuts the fraction of a second from s, if it begins with one.
func cutFraction(s string) (nanoseconds int32, rest string, ok bool) {
	if s[0] != '.' {
		return 0, s, true
	}
	n := digits(s[1:])
	unit := int32(100_000_000)
	for _, digit := range []byte(s[1 : 1+min(n, 9)]) {
		nanoseconds += int32(digit-'0') * unit
		unit /= 10
	}
	return nanoseconds, s[1+n:], n > 0
}

// parseOffset reads Z or ±hh:mm, in seconds east of UTC.
func parseOffset(s string) (seconds int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, minutes := twoDigits(s, 1), twoDigits(s, 4)
	if min(hours, minutes) < 0 || hours > 23 || minutes > 59 {
		return 0, false
	}
	seconds = hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// daysSince1970 counts in years that begin in March, so that the leap day is
// the last of its year (Hinnant, "chrono-compatible low-level date
// algorithms", days_from_civil; years from 0 here).
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	inYear := (153*uint(month-3)+2)/5 + uint(day) - 1
	years := uint(year + 400) // one of the Gregorian calendar's cycles, so that none is negative
	leapDays := years/4 - years/100 + years/400
	return int64(years*365+leapDays+inYear) - 719468 - 146097
}
