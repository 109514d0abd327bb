package evidence

import "encoding/json"

// The fields of AnyValue that hold others (opentelemetry/proto/common/v1).
const (
	fieldList, fieldMap = 5, 6

	fieldEntries = 1 // of ArrayValue and KeyValueList
)

// maxDepth is how deep lists and maps may be nested.
const maxDepth = 16

// decode returns a value as encoding/json would: lists as []any, maps as
// map[string]any, and text that is JSON as what it says. What is not readable
// is nil; a nil value is nil.
func (v *value) decode() (x any) {
	switch {
	case v == nil:
		return nil
	case v.kind == kindOther:
		return decodeAny(v.raw, maxDepth)
	case v.kind == kindText && json.Unmarshal([]byte(v.text), &x) != nil:
		return nil
	}
	return x
}

// decodeAny reads an AnyValue of text, lists and maps.
func decodeAny(message []byte, depth int) (x any) {
	if depth == 0 {
		return nil
	}
	f := walk(message)
	for f.next() {
		switch {
		case f.message(fieldText):
			x = string(f.bytes)
		case f.message(fieldList):
			items := []any{}
			f.err = each(f.bytes, fieldEntries, func(item []byte) error {
				items = append(items, decodeAny(item, depth-1))
				return nil
			})
			x = items
		case f.message(fieldMap):
			members := map[string]any{}
			f.err = each(f.bytes, fieldEntries, func(kv []byte) error {
				var key string
				var val any
				p := walk(kv)
				for p.next() {
					if p.message(fieldKey) {
						key = string(p.bytes)
					} else if p.message(fieldValue) {
						val = decodeAny(p.bytes, depth-1)
					}
				}
				members[key] = val
				return p.err
			})
			x = members
		}
	}
	return x
}
