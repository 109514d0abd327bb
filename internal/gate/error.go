package gate

// FieldError is a fault of outside input: a policy, a plan, an observation, a
// snapshot. Its text is one line that begins with the path of the field.
type FieldError struct {
	Field string // path, such as signals[1].weight; empty where the whole is wrong
	Msg   string // what is wrong, and what would be right
}

// Error returns "field: message".
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Msg
	}
	return e.Field + ": " + e.Msg
}

// wrongField makes a FieldError.
func wrongField(field, msg string) *FieldError { return &FieldError{Field: field, Msg: msg} }
