package risk

import (
	"maps"
	"slices"
	"strings"
)

// hazards notes what needs a person however small the change is.
func (c *change) hazards() {
	for _, f := range c.files {
		if f.class.in(Migration, SQL, Code) {
			c.schemaHazards(f)
		}
		if f.class.in(Code, Config, Infra, CI, Dep, Other, Tooling) {
			c.lineHazards(f)
		}
		if f.class == Code && !f.ui {
			c.guardHazards(f)
			c.moneyHazards(f)
		}
	}
	c.permissionTables()
	c.massDeletion()
}

// lineHazards looks at added lines one by one.
func (c *change) lineHazards(f *file) {
	settings := f.class.in(Infra, Config, CI)
	runs := f.class.in(Code, Config, Infra)
	rules := settings && f.hasRules()
	for _, l := range f.add {
		if l.matches(secretKey, l.text) {
			c.floor(75, "op.secret", f, l.number, "looks like a live secret")
		}
		if runs && c.weakens(f, l) {
			points := 60
			if f.ui {
				points = 45
			}
			c.floor(points, "op.weakened_check", f, l.number, l.text)
		}
		if runs && l.matches(exposure, l.text) {
			c.floor(40, "op.exposure", f, l.number, l.text)
		}
		if settings {
			c.grants(f, l, rules)
		}
	}
}

// weakens reports whether a line turns a check off that no removed line had off.
func (c *change) weakens(f *file, l *line) bool {
	found := l.weakening()
	return found != "" && !slices.ContainsFunc(f.del, func(old *line) bool { return old.weakening() == found })
}

// weakening returns what turns a check off, the first that there is.
func (l *line) weakening() string {
	found := l.match(weakened, l.text)
	if l.hints&(1<<yamlLoad) == 0 {
		return found
	}
	at := len(l.text)
	if found != "" {
		at = strings.Index(l.text, found)
	}
	for _, m := range lexicon().expressions[yamlLoad].FindAllStringIndex(l.text, -1) {
		if m[0] < at && !strings.Contains(l.text[m[1]:], "Safe") {
			return l.text[m[0]:m[1]]
		}
	}
	return found
}

// hasRules reports whether a file seems to say who may do what: items of a list
// such as "- secrets" are grants there.
func (f *file) hasRules() bool {
	for _, h := range f.hunks {
		if strings.Contains(h.head, "verbs") || strings.Contains(h.head, "rules:") {
			return true
		}
		for i := range h.lines {
			if l := &h.lines[i]; l.sign != '-' && strings.Contains(l.source, "verbs") {
				return true
			}
		}
	}
	return false
}

func (c *change) grants(f *file, l *line, rules bool) {
	granted := l.matches(grant, l.text) || rules && l.text[0] == '-' && grantItem.in(l.text)
	switch {
	case granted:
		points := 60
		if f.class == CI {
			points = 40
		}
		c.floor(points, "op.grant", f, l.number, l.text)
	case rules && l.matches(softGrant, l.text):
		c.floor(33, "op.grant_narrow", f, l.number, l.text)
	}
}

// moneyHazards looks for sums of money, calls of a payment provider, parameters
// of ciphers and protection that is gone.
func (c *change) moneyHazards(f *file) {
	inMoney := f.words&aboutMoney != 0
	inCrypto := f.words&aboutCrypto != 0 || slices.ContainsFunc(f.hunks, func(h hunk) bool { return h.words&aboutCrypto != 0 })
	for _, side := range [][]*line{f.add, f.del} {
		for _, l := range side {
			if (inMoney || l.words&sums != 0) && l.matches(moneySum, l.blank) {
				c.floor(60, "op.money_arithmetic", f, l.place(), l.blank)
			}
			if l.matches(paymentCall, l.blank) {
				c.floor(56, "op.payment_call", f, l.place(), l.blank)
			}
			if inCrypto && f.status != created && l.matches(cipherParameter, l.blank) && l.isLogic() {
				c.floor(58, "op.crypto_parameter", f, l.place(), l.blank)
			}
		}
	}
	for _, l := range f.del {
		if l.matches(protection, l.blank) {
			c.floor(56, "op.protection_changed", f, l.place(), l.blank)
		}
	}
}

// permissionTables looks for entries of lists of permissions in code.
func (c *change) permissionTables() {
	for _, f := range c.files {
		if f.class != Code || f.ui {
			continue
		}
		about := ofPermissions(f.path) || slices.ContainsFunc(f.hunks, func(h hunk) bool { return ofPermissions(h.head) })
		if !about {
			continue
		}
		for _, l := range slices.Concat(f.add, f.del) {
			if listEntry.in(l.text) {
				c.floor(54, "op.permission_table", f, l.place(), l.text)
				break
			}
		}
	}
}

// ofPermissions reports whether a text speaks of permissions, in any form.
func ofPermissions(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"permission", "role", "grant", "scope", "privilege", "policy"}, func(word string) bool {
		return strings.Contains(text, word)
	})
}

// massDeletion looks for five files of code or more that are deleted, of 400
// lines or more, and four fifths of the change.
func (c *change) massDeletion() {
	var gone []*file
	lines := 0
	for _, f := range c.live {
		if f.class == Code && f.status == deleted {
			gone = append(gone, f)
			lines += len(f.del)
		}
	}
	if len(gone) >= 5 && lines >= 400 && 5*lines >= 4*c.lines {
		c.floor(60, "op.mass_deletion", gone[0], 0, count(len(gone), "code file")+" deleted")
	}
}

// sorted returns the keys of a set in order.
func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
