package codescan

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeep covers what an annotation covers: its line, the next one, the
// function under it, the file that it heads; and the day on which it ends.
func TestKeep(t *testing.T) {
	t.Parallel()
	facts, _ := fixture(t, "testdata/scan/python.txtar")
	javascript, _ := fixture(t, "testdata/scan/javascript.txtar")
	golang, _ := fixture(t, "testdata/scan/go.txtar")
	head := Extract(File{Path: "head.ts", Data: []byte("// lockflight:keep page-a sold\n\nrun();\nisEnabled('page-a');\n")})
	var got []string
	for _, r := range Resolve(append(append(append(facts, javascript...), golang...), head), Options{Today: "2026-11-23"}).Refs {
		if r.Keep != nil {
			got = append(got, fmt.Sprintf("%s:%d %s %q %v", r.Path, r.Line, r.Key, r.Keep.Reason, r.Keep.Expired))
		}
	}
	want := []string{
		`shop/shop.go:57 checkout-v1 "the auditors ask for it" true`,
		`head.ts:4 page-a "sold" false`,
		`shop/app.py:33 page-f "for the auditors" false`,
		`src/app.tsx:37 page-g "we sell it" false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestDynamic(t *testing.T) {
	t.Parallel()
	var got []string
	for _, name := range []string{"go", "javascript", "python", "jvm", "dotnet", "native", "scripts"} {
		facts, _ := fixture(t, "testdata/scan/"+name+".txtar")
		for _, d := range Resolve(facts, Options{}).Dynamic {
			got = append(got, fmt.Sprintf("%s:%d %s*", d.Path, d.Line, d.Prefix))
		}
	}
	want := []string{
		"shop/shop.go:48 shop-*", "src/app.tsx:25 page-*", "shop/app.py:22 *", "src/Shop.kt:9 kotlin-*", "Flags.cs:11 dyn-*",
		"App.swift:10 dyn-*", "app/flags.php:12 dyn-*", "app/flags.rb:13 dyn-*",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("computed keys (-want +got):\n%s", diff)
	}
}

// TestComments finds keys in comments, but only where that is asked for.
func TestComments(t *testing.T) {
	t.Parallel()
	facts, _ := fixture(t, "testdata/scan/go.txtar")
	count := func(o Options) (n int) {
		for _, r := range Resolve(facts, o).Refs {
			if r.Kind == Comment {
				n++
			}
		}
		return n
	}
	if n := count(Options{}); n != 0 {
		t.Errorf("%d references in comments, unasked", n)
	}
	if n := count(Options{Comments: true}); n == 0 {
		t.Error("no reference in a comment")
	}
}

// TestKnownKeys finds a key that nothing checks, and a check by the house's own
// function.
func TestKnownKeys(t *testing.T) {
	t.Parallel()
	facts := []Facts{
		Extract(File{Path: "a.js", Data: []byte(`const x = ["beta"]; gate("gamma-1");`)}),
		Extract(File{Path: "a.go", Data: []byte("package a\nvar x = c.Bool(\"delta-1\", e, false)\n")}),
	}
	if refs := Resolve(facts, Options{}).Refs; len(refs) != 0 {
		t.Errorf("found %v", refs)
	}
	var got []string
	for _, r := range Resolve(facts, Options{Keys: []string{"beta", "delta-1"}, Checks: []string{"gate"}}).Refs {
		got = append(got, r.Key+" "+string(r.Kind))
	}
	if diff := cmp.Diff([]string{"beta possible", "delta-1 call", "gamma-1 call"}, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

// TestBlob has git's own ids: git hash-object of these.
func TestBlob(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "hello\n": "ce013625030ba8dba906f756967f9e9ca394464a"} {
		if got := (File{Data: []byte(in)}).Blob(); got != want {
			t.Errorf("blob of %q is %s, want %s", in, got, want)
		}
	}
}

// FuzzExtract holds the tokenizer to its law on any bytes: lexemes are in order,
// do not overlap, and are where their lines say.
func FuzzExtract(f *testing.F) {
	f.Add("go", "package a\nvar x = \"a-b\" + `c`")
	f.Add("javascript", "a = `x${b}` / /re[/]/ 'it")
	f.Add("rust", `r#"a"# b"c" 'a'`)
	f.Add("csharp", `@"a""b" $"{c}"`)
	f.Add("ruby", "<<~A\nA\n=begin\n")
	f.Add("python", "f'''a''' rb\"\" #")
	f.Fuzz(func(t *testing.T, lang, src string) {
		tokens := lex(Language(lang), []byte(src))
		last := 0
		for _, tok := range tokens.list {
			if tok.start < last || tok.end <= tok.start || tok.end > len(src) || tokens.column(tok.line, tok.start) < 1 {
				t.Fatalf("lexeme %+v after %d", tok, last)
			}
			last = tok.end
		}
		for ext, l := range extensions {
			if l == Language(lang) {
				Resolve([]Facts{Extract(File{Path: "a" + ext, Data: []byte(src)})}, Options{Comments: true})
			}
		}
	})
}

// BenchmarkScan scans 100,000 lines of three languages on one processor.
func BenchmarkScan(b *testing.B) {
	var files []File
	lines := 0
	for _, f := range []struct{ path, body string }{
		{"a%d.go", "package a\n%sfunc f(c *sdk.Client) { if c.Bool(\"some-key\", nil, false) { run(\"text\", 1) } }\n"},
		{"a%d.ts", "%sif (client.isEnabled('some-key')) { run(`text ${x}`, 1 / 2); } // a comment\n"},
		{"a%d.py", "%sx = run('text', 1) if client.is_enabled(\"some-key\") else 2  # a comment\n"},
	} {
		for n := range 100 {
			line := fmt.Appendf(nil, f.body, "")
			head := []byte(nil)
			if f.path == "a%d.go" {
				head, line, _ = bytes.Cut(line, []byte("\n"))
			}
			data := append(append(head, '\n'), bytes.Repeat(line, 334)...)
			lines += 334
			files = append(files, File{Path: fmt.Sprintf(f.path, n), Data: data})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		var facts []Facts
		for _, f := range files {
			facts = append(facts, Extract(f))
		}
		if n := len(Resolve(facts, Options{}).Refs); n < lines {
			b.Fatalf("%d references in %d lines", n, lines)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
