package audit

// history is the revisions of one resource so far, as the table has them.
type history struct {
	kind, key string
	sum       digest
	rev       int64 // of the newest
	damaged   bool  // and reported
}

// revisions compares the earlier states of all resources with those that the
// records made.
func (v *verifier) revisions(log Log) error {
	all := log.Revisions()
	if all == nil {
		return nil
	}
	var h history
	for r, err := range all {
		if err != nil {
			return err
		}
		if r.Kind != h.kind || r.Key != h.key {
			v.closeHistory(h)
			h = history{kind: r.Kind, key: r.Key}
		}
		v.revision(&h, r)
	}
	v.closeHistory(h)
	for _, seq := range v.chains.without(func(c *chain) bool { return !c.kept }) {
		v.report.add(FaultMissingRevision, seq, "no revision of the resource that this record is about is there")
	}
	return nil
}

// revision checks one row and adds it to its resource's history.
func (v *verifier) revision(h *history, r Revision) {
	fault := func(fault Fault, format string, args ...any) {
		h.damaged = true
		v.report.add(fault, r.Seq, "revision %d of %s %q "+format, append([]any{r.Rev, r.Kind, r.Key}, args...)...)
	}
	switch {
	case r.Rev > h.rev+1:
		h.damaged = true
		v.report.add(FaultMissingRevision, -1, "revision %d of %s %q is gone", h.rev+1, r.Kind, r.Key)
	case Sum(r.Doc) != r.Hash:
		fault(FaultRevision, "was changed behind the log: its document does not hash to %s", r.Hash)
	default:
		if what := v.misplaced(r.Document); what != "" {
			fault(FaultParent, "%s", what)
		}
	}
	h.rev = r.Rev
	h.sum = h.sum.made(r.Rev, parseSum(r.Hash), r.Seq, r.At)
	if r.DeletedAt != nil {
		h.sum = h.sum.deleted(r.Rev, *r.DeletedAt)
	}
}

// closeHistory compares a whole history with that of the records. What was
// found in one of its rows is not reported again.
func (v *verifier) closeHistory(h history) {
	if h.rev == 0 {
		return
	}
	c := v.chains.find(identify(h.kind, h.key))
	if c == nil {
		v.report.add(FaultExtraRevision, -1, "%s %q has revisions and is in no record", h.kind, h.key)
		return
	}
	c.kept = true
	switch last := int64(c.rev); {
	case h.damaged:
	case h.rev < last:
		v.report.add(FaultMissingRevision, c.seq, "revision %d of %s %q is gone", last, h.kind, h.key)
	case h.rev > last:
		v.report.add(FaultExtraRevision, c.seq, "revision %d of %s %q is in no record", h.rev, h.kind, h.key)
	case h.sum != c.history:
		v.report.add(FaultRevision, c.seq, "the revisions of %s %q are not those that the records made: a hash, a time or a number is another", h.kind, h.key)
	}
}
