package control

import "regexp"

// Naming is the pattern that the names of a project's new flags have to match
// as a whole, with what people are told about it.
type Naming struct {
	Pattern     string `json:"pattern"` // a regular expression, RE2
	Example     string `json:"example,omitempty"`
	Description string `json:"description,omitempty"`
}

// check refuses a name that the pattern does not match. Names that were there
// before the pattern stay.
func (n *Naming) check(name string) error {
	if n == nil || n.Pattern == "" {
		return nil
	}
	pattern, err := n.compile()
	if err != nil {
		return err
	}
	if pattern.MatchString(name) {
		return nil
	}
	hint := ""
	if n.Example != "" {
		hint = ", as in " + n.Example
	}
	return Invalidf("name", "%q does not match the project's naming pattern %s%s", name, n.Pattern, hint)
}

func (n *Naming) compile() (*regexp.Regexp, error) {
	pattern, err := regexp.Compile("^(?:" + n.Pattern + ")$")
	if err != nil {
		return nil, Invalidf("featureNaming.pattern", "%q is no regular expression: %v", n.Pattern, err)
	}
	return pattern, nil
}

// valid refuses a pattern that does not compile, and an example that it does
// not match.
func (n *Naming) valid() error {
	if n == nil || n.Pattern == "" {
		return nil
	}
	pattern, err := n.compile()
	if err != nil {
		return err
	}
	if n.Example != "" && !pattern.MatchString(n.Example) {
		return Invalidf("featureNaming.example", "%q does not match the pattern %s", n.Example, n.Pattern)
	}
	return nil
}
