package risk

import (
	"math"
	"testing"
)

func TestLog2(t *testing.T) {
	t.Parallel()
	for n := 1; n < 5000; n++ {
		want := math.Log2(float64(n)) * (1 << fraction)
		if got := float64(log2(n)); got > want+1e-3 || got < want-2 {
			t.Fatalf("log2(%d) = %f, want %f", n, got, want)
		}
	}
}

func TestWordsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]wordSet{
		"userRoles":         aboutAuth,
		"userrole":          0,
		"HTTPPaymentServer": aboutMoney | sums,
		"jwt_key":           aboutAuth,
		"SHA256Sum":         aboutCrypto,
		"pay2Email":         aboutPII,
		"passwords4":        0,
	} {
		if got := wordsOf(text); got != want {
			t.Errorf("wordsOf(%q) = %b, want %b", text, got, want)
		}
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]Class{
		"go.sum":                   Lock,
		"vendor/x/y.go":            Vendored,
		"api/v1/order.pb.go":       Generated,
		"internal/a_test.go":       Test,
		"src/OrderTest.java":       Test,
		"src/OrderIT.java":         Test,
		"src/Credit.java":          Code,
		"docs/a.md":                Docs,
		"docs/conf.py":             Code,
		".github/workflows/x.yml":  CI,
		"db/migrations/0001_a.sql": Migration,
		"schema.prisma":            SQL,
		"package.json":             Dep,
		"deploy/app.yaml":          Infra,
		"proto/a.proto":            API,
		"web/a.css":                Asset,
		"Makefile":                 Tooling,
		"config.yaml":              Config,
		"cmd/main.go":              Code,
		"LICENSE":                  Docs,
		"strange.bin":              Other,
	} {
		if got := classify(path); got != want {
			t.Errorf("classify(%q) = %s, want %s", path, got, want)
		}
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, line, text, blank string }{
		{"a.go", `	x := "a // b" // c`, `x := "a // b"`, `x := "______"`},
		{"a.go", `// c`, ``, ``},
		{"a.py", `x = 'a#b' # c`, `x = 'a#b'`, `x = "___"`},
		{"a.sql", `SELECT 1; -- c`, `SELECT 1;`, `SELECT 1;`},
		{"a.ts", `get("http://x")`, `get("http://x")`, `get("________")`},
		{"a.ts", `const u = a://b`, `const u = a://b`, `const u = a://b`},
		{"a.ts", "it's", "it's", "it's"},
		{"Dockerfile", `# c`, ``, ``},
	} {
		from, to, blank := commentsOf(tt.path).strip(tt.line)
		if text := tt.line[from:to]; text != tt.text || blank != tt.blank {
			t.Errorf("%s: %q is %q and %q, want %q and %q", tt.path, tt.line, text, blank, tt.text, tt.blank)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	const in = "naïve 支付\u00a0→"
	got := fold(in)
	if want := "na__ve ______  \x7f\x7f\x7f"; got != want || len(got) != len(in) {
		t.Errorf("fold(%q) = %q, want %q", in, got, want)
	}
}
