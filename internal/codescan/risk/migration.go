package risk

import (
	"slices"
	"strings"
)

// schemaHazards looks at what a file does to a schema, where it goes up.
func (c *change) schemaHazards(f *file) {
	stored := f.class == Migration || f.class == SQL
	var down map[int]bool
	if stored {
		down = f.downLines()
	}
	for _, l := range f.add {
		switch {
		case !stored && l.destroys():
			c.floor(50, "op.destructive_sql", f, l.number, l.text)
		case !stored || down[l.number]:
		case l.destroys():
			c.floor(65, "op.destructive_sql", f, l.number, l.text)
		case l.matches(schemaChange, l.text):
			c.floor(45, "op.schema_change", f, l.number, l.text)
		}
	}
	if f.class == Migration {
		c.migration(f, down)
	}
	if strings.HasSuffix(f.path, ".prisma") || strings.HasSuffix(f.path, ".dbml") {
		c.fieldsRemoved(f)
	}
}

// destroys reports whether a line of SQL or of its builders destroys data.
func (l *line) destroys() bool {
	if l.matches(destructive, l.text) {
		return true
	}
	if !l.matches(alterTable, l.text) {
		return false
	}
	// ALTER TABLE t DROP x drops a column, unless x says that it is something else.
	rest := strings.ToLower(l.text)
	for {
		_, after, found := strings.Cut(rest, "drop")
		if !found {
			return false
		}
		rest = after
		what := after[spaceBefore(after):]
		if len(what) < len(after) && what != "" && isWord(what[0]) && !dropsLess(what) {
			return true
		}
	}
}

// dropsLess reports whether what is dropped is no column.
func dropsLess(what string) bool {
	return slices.ContainsFunc([]string{"constraint", "index", "default", "not"}, func(word string) bool {
		return strings.HasPrefix(what, word)
	})
}

// migration looks at a migration as a whole.
func (c *change) migration(f *file, down map[int]bool) {
	up := func(sides ...[]*line) []*line {
		return slices.DeleteFunc(slices.Concat(sides...), func(l *line) bool { return down[l.number] })
	}
	switch {
	case f.status == deleted:
		c.floor(60, "op.migration_deleted", f, 0, "migration deleted")
	case f.effective == 0 || f.status == renamed:
	case f.status == created:
		if slices.ContainsFunc(up(f.add), func(l *line) bool {
			return l.matches(peopleData, l.text) && l.matches(dataWrite, l.text)
		}) {
			c.floor(56, "op.migration_auth_data", f, 0, "data migration of permissions or users")
		}
		c.floor(40, "op.migration", f, 0, "schema or data migration")
	default:
		points := 56
		if slices.ContainsFunc(up(f.add, f.del), func(l *line) bool { return l.matches(dataDefinition, l.text) }) {
			points = 60
		}
		c.floor(points, "op.migration_edited", f, 0, "a migration that may have run already is changed")
	}
}

// downLines returns the numbers of the added lines that run when a migration is
// taken back. Marks such as "exports.down" and "+goose Up" switch the direction.
func (f *file) downLines() map[int]bool {
	out := map[int]bool{}
	always := downPath.in(f.path)
	for _, h := range f.hunks {
		down := always || downMark.in(h.head)
		for i := range h.lines {
			l := &h.lines[i]
			if l.matches(downMark, l.raw) {
				down = true
			} else if l.matches(upMark, l.raw) {
				down = always
			}
			if down && l.sign == '+' {
				out[l.number] = true
			}
		}
	}
	return out
}

// fieldsRemoved looks for fields that are gone from a schema of models.
func (c *change) fieldsRemoved(f *file) {
	fields := func(lines []*line) map[string]bool {
		out := map[string]bool{}
		for _, l := range lines {
			if fieldLine.in(l.text) {
				out[strings.Fields(l.text)[0]] = true
			}
		}
		return out
	}
	gone := fields(f.del)
	for name := range fields(f.add) {
		delete(gone, name)
	}
	if len(gone) > 0 {
		c.floor(60, "op.schema_field_removed", f, f.del[0].place(), strings.Join(sorted(gone), ", "))
	}
}
