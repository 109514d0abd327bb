package codescan

import "testing"

func TestIgnore(t *testing.T) {
	t.Parallel()
	var ig Ignore
	ig.Add("", []byte("# comment\n*.log\n/build/\ndocs/*.md\n!docs/keep.md\n**/tmp\na?c.go\n[xy].go\nspace\\ \n"))
	ig.Add("sub", []byte("only.go\n!important.log\n"))
	for _, tt := range []struct {
		name string
		dir  bool
		want bool
	}{
		{"a.log", false, true},
		{"deep/b.log", false, true},
		{"sub/important.log", false, false},
		{"build", true, true},
		{"build", false, false},
		{"sub/build", true, false},
		{"docs/a.md", false, true},
		{"docs/sub/a.md", false, false},
		{"docs/keep.md", false, false},
		{"x/y/tmp", true, true},
		{"abc.go", false, true},
		{"x.go", false, true},
		{"z.go", false, false},
		{"only.go", false, false},
		{"sub/only.go", false, true},
		{"sub/deep/only.go", false, true},
	} {
		if got := ig.Match(tt.name, tt.dir); got != tt.want {
			t.Errorf("%s (directory: %v) ignored: %v, want %v", tt.name, tt.dir, got, tt.want)
		}
	}
}
