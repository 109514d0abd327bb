package risk

// operations gives points for what is not code, but runs it.
func (c *change) operations() {
	c.dependencies()
	for _, o := range []struct {
		class    Class
		base     int
		most     int
		replaced int // more where lines are replaced, not only added
		id       string
	}{
		{Config, 4, 16, 3, "ops.config"},
		{Infra, 6, 22, 3, "ops.infra"},
		{CI, 3, 10, 0, "ops.ci"},
		{Other, 2, 6, 3, "ops.other"},
	} {
		var of []*file
		lines, old := 0, 0
		for _, f := range c.files {
			if f.class == o.class && f.effective > 0 {
				of = append(of, f)
				lines += f.effective
				old += len(f.del)
			}
		}
		if len(of) == 0 {
			continue
		}
		points := o.base + floorLog2(10, 1+lines)
		if old > 0 {
			points += o.replaced
		}
		place := 0
		if len(of[0].add) > 0 {
			place = of[0].add[0].place()
		}
		c.at(min(o.most, points), o.id, of[0].path, place, count(len(of), "file")+", "+count(lines, "line"))
	}
	c.versions()
	c.privileges()
}

func (c *change) versions() {
	switch deployed := c.bumps[Infra] + c.bumps[Config]; {
	case deployed > 0:
		c.add(8, "ops.version_bump", count(deployed, "deployed version"))
	case len(c.bumps) > 0:
		c.add(3, "ops.version_bump", "version strings")
	}
}

// privileges gives points for CI that is given secrets or the right to write.
func (c *change) privileges() {
	for _, f := range c.files {
		if f.class != CI {
			continue
		}
		for _, l := range f.add {
			if l.matches(privilegedCI, l.text) {
				c.at(10, privilegeID, f.path, l.place(), l.text)
				return
			}
		}
	}
}

const privilegeID = "ops.ci_privilege"
