package gate

import (
	"math"
	"strconv"
)

// maxCount is the largest count that a float64 holds exactly, with room for
// sums of two.
const maxCount = 1 << 52

// Count is a number of cases or units. Its JSON may be any spelling of a
// whole number (270, 270.0, 2.7e2); a fraction is an error, a negative count
// is read and refused by whoever uses it.
type Count int64

// UnmarshalJSON reads a whole number.
func (c *Count) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > maxCount {
		return wrongField("", "want a whole number, have "+string(b))
	}
	*c = Count(f)
	return nil
}
