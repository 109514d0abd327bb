package worktree

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"a.go": "package a", "README": "no code", "b.ts": "x", "node_modules/c.ts": "x", "out/d.ts": "x", "sub/e.py": "x", "sub/f.py": "x",
		".gitignore": "/out\n", "sub/.lockflightignore": "f.py\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Names(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.go", "b.ts", "sub/e.py"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	facts, err := Facts(root)
	if err != nil || len(facts) != 3 {
		t.Errorf("facts of %d files, %v", len(facts), err)
	}
}

func TestWithoutUser(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://me:secret@example.com/a/b": "https://example.com/a/b",
		"https://example.com/a@b":           "https://example.com/a@b",
		"git@example.com:a/b":               "git@example.com:a/b",
	} {
		if got := withoutUser(in); got != want {
			t.Errorf("withoutUser(%q) = %q, want %q", in, got, want)
		}
	}
}
