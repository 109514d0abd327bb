package codescan

// Kind says what a reference is.
type Kind string

// The kinds of references, from the surest to the least sure.
const (
	Call        Kind = "call"         // reads the flag
	WrapperCall Kind = "wrapper_call" // calls a function that does no more than read it
	Wrapper     Kind = "wrapper"      // the check inside such a function
	Constant    Kind = "constant"     // gives the key a name
	Test        Kind = "test"         // any of these in a test
	Config      Kind = "config"       // a value in YAML, JSON and the like
	Possible    Kind = "possible"     // the same text, without a check
	Comment     Kind = "comment"      // only where asked for
)

// Scanner names the rules that a report was made by. It changes where the same
// tree may give another report.
const Scanner = "lockflight-scan/1"

// Reference is one place that refers to a flag.
type Reference struct {
	Key   string `json:"key"`
	Path  string `json:"path"` // below the tree's root
	Line  int    `json:"line"` // from 1
	Col   int    `json:"col"`  // from 1, in bytes
	Kind  Kind   `json:"kind"`
	Call  string `json:"call,omitempty"`  // the function called, as it is written
	Alias string `json:"alias,omitempty"` // the name that stands for the key here
	Blob  string `json:"blob"`            // git's id of the file's contents
	Keep  *Keep  `json:"keep,omitempty"`  // where an annotation says that it stays
}

// Keep is the annotation that covers a reference.
type Keep struct {
	Reason  string `json:"reason,omitempty"`
	Until   string `json:"until,omitempty"` // a day, YYYY-MM-DD
	Expired bool   `json:"expired,omitempty"`
}

// Dynamic is a check of a flag whose key is computed. It may be of any flag
// whose key starts with Prefix.
type Dynamic struct {
	Prefix string `json:"prefix"`
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Col    int    `json:"col"`
	Call   string `json:"call"`
}

// Report is what a tree refers to, sorted by key, path and place.
type Report struct {
	Scanner    string      `json:"scanner"`
	Repository string      `json:"repository,omitempty"`
	Revision   string      `json:"revision,omitempty"`
	Branch     string      `json:"branch,omitempty"`
	Files      int         `json:"files"`
	Refs       []Reference `json:"refs"`
	Dynamic    []Dynamic   `json:"dynamic"`
}

// Live reports whether the reference shows that the flag is in use, and is not
// kept by an annotation: what counts when it is asked whether a flag may go.
func (r Reference) Live() bool {
	switch r.Kind {
	case Call, WrapperCall, Wrapper, Constant, Test:
		return r.Keep == nil || r.Keep.Expired
	case Config, Possible, Comment:
	}
	return false
}
