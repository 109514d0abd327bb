package store

import (
	"slices"
	"strconv"
	"strings"
)

// bulkRows is how many rows one statement writes: a round trip for many rows.
// More of them cost SQLite more than they save, because it looks each $N up by
// its name among all of a statement. Of 1 to 200 rows, 5 to 20 took the least
// time, about a third of what single rows and 200 took.
const bulkRows = 20

// insertAll writes rows with as few statements as there can be. head is an
// INSERT up to VALUES, tail what comes after the rows. No two rows may have the
// same key: PostgreSQL updates a row once in a statement. Rows go in the order
// given; those of concurrent callers must be in the same order, or they wait
// for each other in a circle.
func (s *session) insertAll(doing, head string, rows [][]any, tail string) error {
	for chunk := range slices.Chunk(rows, bulkRows) {
		args := slices.Concat(chunk...)
		if _, err := s.exec(doing, head+" VALUES "+places(len(chunk), len(chunk[0]))+" "+tail, args...); err != nil {
			return err
		}
	}
	return nil
}

// places is the list of parameters of rows: ($1, $2), ($3, $4).
func places(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}
