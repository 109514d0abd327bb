package control

import (
	"slices"
	"strings"
)

// draft is a ReadTx in which documents that are yet to be written stand beside
// those that are stored, so that a plan is checked as a whole: a flag against
// the segment that is made with it.
type draft struct {
	ReadTx

	docs map[ResourceKind]map[string]Resource
}

// add puts a document into the draft.
func (d *draft) add(r Resource) {
	if d.docs == nil {
		d.docs = map[ResourceKind]map[string]Resource{}
	}
	if d.docs[r.Kind] == nil {
		d.docs[r.Kind] = map[string]Resource{}
	}
	d.docs[r.Kind][r.Key] = r
}

// Resource implements ReadTx.
func (d *draft) Resource(kind ResourceKind, key string) (Resource, error) {
	if r, ok := d.docs[kind][key]; ok {
		return r, nil
	}
	return d.ReadTx.Resource(kind, key)
}

// Resources implements ReadTx.
func (d *draft) Resources(kind ResourceKind, parent string) ([]Resource, error) {
	out, err := d.ReadTx.Resources(kind, parent)
	if err != nil || len(d.docs[kind]) == 0 {
		return out, err
	}
	out = slices.DeleteFunc(out, func(r Resource) bool {
		_, redrafted := d.docs[kind][r.Key]
		return redrafted
	})
	for _, r := range d.docs[kind] {
		if parent == "" || r.Parent == parent {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Resource) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}
