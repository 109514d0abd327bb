package risk_test

import (
	"maps"
	"testing"

	"github.com/lockflight/lockflight/internal/codescan/risk"
)

func TestCallers(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"cmd/a.go":      []byte("package main\nimport \"example.com/m/pkg/search\"\nfunc main() { search.Open(\"x\") }\n"),
		"cmd/b.go":      []byte("package main\nimport s \"example.com/m/pkg/search\"\nvar _ = s.Open\n"),
		"cmd/other.go":  []byte("package main\nimport \"example.com/m/pkg/search\"\nvar _ = search.Close\n"),
		"cmd/none.go":   []byte("package main\nimport \"os\"\nvar _ = os.Open\n"),
		"cmd/broken.go": []byte("package main\nimport \"example.com/m/pkg/search\"\nfunc {{\n"),
	}
	for name, tt := range map[string]struct {
		diff string
		want int
	}{
		"changed":   {edit("pkg/search/index.go", "", "-func Open(path string) error {\n+func Open(path string, n int) error {\n"), 2},
		"body only": {edit("pkg/search/index.go", "func Open(path string) error {", "-\treturn nil\n+\treturn err\n"), 0},
		"added":     {edit("pkg/search/index.go", "", "+func Open(path string) error {\n"), 0},
		"elsewhere": {edit("pkg/other/index.go", "", "-func Open(path string) error {\n+func Open() error {\n"), 0},
		"no Go":     {edit("pkg/search/index.py", "", "-def Open(x):\n+def Open():\n"), 0},
	} {
		if got := risk.Callers(tt.diff, "example.com/m", maps.All(files)); got != tt.want {
			t.Errorf("%s: %d callers, want %d", name, got, tt.want)
		}
	}
}
