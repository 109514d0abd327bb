package audit

import "fmt"

// documents compares the current state with what the log leads to.
func (v *verifier) documents(log Log) error {
	for d, err := range log.Documents() {
		if err != nil {
			return err
		}
		if fault, seq, what := v.document(d); fault != "" {
			v.report.add(fault, seq, "%s", what)
			continue
		}
		v.report.Documents++
	}
	for _, seq := range v.chains.without(func(c *chain) bool { return c.live && !c.current }) {
		v.report.add(FaultMissingDocument, seq, "the document that this record left is gone, and no record deletes it")
	}
	return nil
}

// document compares a resource with the newest revision of it. It returns the
// fault, empty when they agree.
func (v *verifier) document(d Document) (Fault, int64, string) {
	last := v.chains.find(identify(d.Kind, d.Key))
	if last == nil {
		return FaultExtraDocument, -1, fmt.Sprintf("%s %q is in no record", d.Kind, d.Key)
	}
	if last.current {
		return FaultExtraDocument, -1, fmt.Sprintf("%s %q is there twice", d.Kind, d.Key)
	}
	last.current = true
	if !last.live {
		return FaultExtraDocument, last.seq, fmt.Sprintf("%s %q was deleted", d.Kind, d.Key)
	}
	if !d.hashOnly {
		if Sum(d.Doc) != d.Hash {
			return FaultDocument, last.seq, fmt.Sprintf("%s %q was changed behind the log: its document does not hash to %s", d.Kind, d.Key, d.Hash)
		}
		if what := v.misplaced(d); what != "" {
			return FaultParent, last.seq, fmt.Sprintf("%s %q %s", d.Kind, d.Key, what)
		}
	}
	if d.Rev != int64(last.rev) || !isSum(d.Hash) || parseSum(d.Hash) != last.sum {
		return FaultDocument, last.seq, fmt.Sprintf("%s %q is not as the log left it, at revision %d", d.Kind, d.Key, last.rev)
	}
	if d.At != last.at && last.kept {
		return FaultDocument, last.seq, fmt.Sprintf("%s %q has another time than the record that made it", d.Kind, d.Key)
	}
	return "", 0, ""
}

// misplaced says where a resource is listed, and where it belongs, unless they
// are the same.
func (v *verifier) misplaced(d Document) string {
	if v.opts.Parent == nil {
		return ""
	}
	parent, err := v.opts.Parent(d.Kind, d.Doc)
	switch {
	case err != nil:
		return fmt.Sprintf("cannot be listed: %v", err)
	case parent != d.Parent:
		return fmt.Sprintf("is listed under %q, and its document says %q", d.Parent, parent)
	}
	return ""
}
