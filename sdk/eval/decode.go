package eval

import (
	"encoding/json"
	"strings"
)

// UnmarshalJSON reads an object whose values should be strings. Older servers
// and hand-written documents hold numbers and booleans, which are taken as the
// text that they are written with; null is the same as absent.
func (p *Parameters) UnmarshalJSON(data []byte) error {
	var loose map[string]*text
	if err := json.Unmarshal(data, &loose); err != nil {
		return err
	}
	*p = make(Parameters, len(loose))
	for name, value := range loose {
		if value != nil {
			(*p)[name] = string(*value)
		}
	}
	return nil
}

// UnmarshalJSON reads a constraint. It accepts numbers and booleans as Value
// and within Values, as Parameters does.
func (c *Constraint) UnmarshalJSON(data []byte) error {
	type strict Constraint
	if json.Unmarshal(data, (*strict)(c)) == nil {
		return nil
	}
	var loose struct {
		strict
		Values []text `json:"values"`
		Value  text   `json:"value"`
	}
	if err := json.Unmarshal(data, &loose); err != nil {
		return err
	}
	*c = Constraint(loose.strict)
	c.Value, c.Values = string(loose.Value), make([]string, len(loose.Values))
	for i, v := range loose.Values {
		c.Values[i] = string(v)
	}
	return nil
}

// text is a string, or the JSON of what stands where a string should.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(t))
	}
	*t = text(strings.TrimPrefix(string(data), "null"))
	return nil
}
