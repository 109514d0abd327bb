package control

import "time"

// past is a ReadTx in which every resource is as it was at a moment, so that
// what is read from it, and put together from that, is as it was then: flags,
// segments, parents and releases. The log and the blobs are those of now.
type past struct {
	ReadTx

	at time.Time
}

// Resource implements ReadTx.
func (p past) Resource(kind ResourceKind, key string) (Resource, error) {
	return p.ResourceAt(kind, key, p.at)
}

// Resources implements ReadTx.
func (p past) Resources(kind ResourceKind, parent string) ([]Resource, error) {
	return p.ResourcesAt(kind, parent, p.at)
}
