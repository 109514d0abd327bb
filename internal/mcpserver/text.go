package mcpserver

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/lockflight/lockflight/internal/control"
)

// maxText is how many characters of a text that somebody wrote are answered.
const maxText = 500

// plain strips a text of what a reader does not see and a model may obey: control
// characters, and with them the escape sequences of terminals; bidirectional
// marks; characters of no width; tags (U+E0000 to U+E007F), in which whole
// sentences can be hidden; private and unassigned ones. Lines and tabs stay.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == unicode.ReplacementChar, unicode.IsControl(r), !unicode.IsGraphic(r), unicode.Is(unicode.Variation_Selector, r),
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// short cuts a text that somebody wrote to what is answered of it.
func short(s string) string {
	runes := []rune(plain(s))
	if len(runes) <= maxText {
		return string(runes)
	}
	return string(runes[:maxText]) + "…"
}

// quoted is a text that somebody wrote, with who did: data, whatever it says.
type quoted struct {
	Text string `json:"text"`
	By   string `json:"by,omitempty"` // the principal's id
}

// structured returns the JSON of what a tool answers, each string in it plain.
// It is the one way out, so that nothing hidden leaves by another.
func structured(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // figures stay as they were written
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(stripped(tree)); err == nil && len(raw) > maxAnswer {
		return nil, &control.Error{
			Kind: control.TooLarge, Code: "too_large",
			Msg: "the answer has more than 256 KiB: ask for less, such as one environment or a lower limit",
		}
	}
	return raw, err
}

// maxAnswer is the most that one call is answered, in bytes.
const maxAnswer = 256 << 10

func stripped(v any) any {
	switch v := v.(type) {
	case string:
		return plain(v)
	case []any:
		for i := range v {
			v[i] = stripped(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[plain(key)] = stripped(value)
		}
		return out
	}
	return v
}
