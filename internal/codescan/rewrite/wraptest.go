package rewrite

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/types"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addTest adds a test that calls the guarded functions on both sides of the
// flag. It says only that they return: what they have to return, its author
// knows.
func (w *wrapper) addTest(wrapped Module) {
	var calls strings.Builder
	for _, f := range w.changed {
		if call, ok := w.call(f); ok {
			fmt.Fprintf(&calls, "\t\t\t%s // say here what it has to return\n", call)
		} else {
			w.guide(w.now, f, "test it on both sides of the flag: it cannot be called with zero values")
		}
	}
	if calls.Len() == 0 {
		return
	}
	base := strings.TrimSuffix(path.Base(w.Path), ".go")
	name := identifier(base) + identifier(w.Flag)
	imports := strconv.Quote(sdktestPath)
	if strings.Contains(calls.String(), "&eval.") {
		imports = strconv.Quote(clientPath+"/eval") + "\n\t" + imports
	}
	src := fmt.Sprintf(`%s%s

package %s

import (
	"fmt"
	"testing"

	%s
)

func Test%sOnAndOff(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			flags := sdktest.New(t, map[string]any{%q: on})
%s		})
	}
}
`, wrapMarker, w.Flag, w.now.tree.Name.Name, imports, name, w.Flag, calls.String())
	data, err := format.Source([]byte(src))
	file := path.Join(path.Dir(w.Path), base+"_"+strings.ToLower(identifier(w.Flag))+"_flag_test.go")
	if _, exists := wrapped.Files[file]; err != nil || exists {
		return
	}
	w.result.Files[file] = data
}

// identifier makes the words of a key one name: CheckoutV2 for checkout-v2.
func identifier(key string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(key, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		first, size := utf8.DecodeRuneInString(word)
		b.WriteString(string(unicode.ToUpper(first)) + word[size:])
	}
	return b.String()
}

// call returns a call of a function with the test's client and zero values, and
// whether it can do with those: a pointer or an interface might not.
func (w *wrapper) call(f *ast.FuncDecl) (string, bool) {
	obj, ok := w.find(f.Name).(*types.Func)
	if !ok {
		return "", false
	}
	sig := obj.Signature()
	hasClient := false
	var args []string
	for p := range sig.Params().Variables() {
		text, ok := w.zero(p.Type())
		if !ok || sig.Variadic() || sig.TypeParams().Len() > 0 {
			return "", false
		}
		hasClient = hasClient || isClient(p.Type())
		args = append(args, text)
	}
	target := f.Name.Name
	if recv := sig.Recv(); recv != nil {
		text, ok := w.receiver(recv.Type())
		if !ok {
			return "", false
		}
		hasClient = true
		target = text + "." + target
	}
	return fmt.Sprintf("%s(%s)", target, strings.Join(args, ", ")), hasClient
}

// receiver returns a value of the receiver's struct that holds the client alone.
func (w *wrapper) receiver(t types.Type) (string, bool) {
	pointer := ""
	if p, ok := t.(*types.Pointer); ok {
		t, pointer = p.Elem(), "&"
	}
	field, ok := fieldOf(t, w.unit.pkg)
	named, isNamed := t.(*types.Named)
	if !ok || !isNamed || named.TypeArgs().Len() > 0 {
		return "", false
	}
	return fmt.Sprintf("(%s%s{%s: flags.Client})", pointer, named.Obj().Name(), field), true
}

// zero returns what a test passes for a parameter.
func (w *wrapper) zero(t types.Type) (string, bool) {
	switch {
	case isClient(t):
		return "flags.Client", true
	case t.String() == "context.Context":
		return "t.Context()", true
	case t.String() == "*"+clientPath+"/eval.Context":
		return `&eval.Context{UserID: "u1"}`, true
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsString != 0:
			return `""`, true
		case u.Info()&types.IsBoolean != 0:
			return "false", true
		case u.Info()&types.IsNumeric != 0:
			return "0", true
		}
	case *types.Slice, *types.Map:
		return "nil", true
	}
	return "", false
}
