package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/codescan"
)

// ignoreFiles are read in each directory; a later one wins.
var ignoreFiles = []string{".gitignore", ".lockflightignore"}

// Names returns the files of the tree that a scan reads, by their paths below
// root: of a language that is known, not ignored by git or .lockflightignore,
// not vendored, not too large. Symbolic links are not followed.
func Names(root string) ([]string, error) {
	var names []string
	var ignore codescan.Ignore
	if data, err := os.ReadFile(filepath.Join(root, ".git", "info", "exclude")); err == nil {
		ignore.Add("", data)
	}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(root, name, &ignore)
		}
		if _, ok := codescan.LanguageOf(name); !ok || !entry.Type().IsRegular() || ignore.Match(name, false) {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Size() <= codescan.MaxFile {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	return names, nil
}

// enter reads the ignore files of a directory, or says to skip it.
func enter(root, name string, ignore *codescan.Ignore) error {
	if name != "." && (codescan.SkipDir(name) || ignore.Match(name, true)) {
		return fs.SkipDir
	}
	for _, file := range ignoreFiles {
		data, err := os.ReadFile(filepath.Join(root, name, file))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		dir := name
		if dir == "." {
			dir = ""
		}
		ignore.Add(dir, data)
	}
	return nil
}

// Facts reads the files of the tree and extracts what may refer to a flag, on
// all processors.
func Facts(root string) ([]codescan.Facts, error) {
	names, err := Names(root)
	if err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	facts := make([]codescan.Facts, 0, len(names))
	for part := range slices.Chunk(names, 64) {
		group.Go(func() error {
			var own []codescan.Facts
			for _, name := range part {
				data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
				if errors.Is(err, fs.ErrNotExist) {
					continue // gone since the walk
				}
				if err != nil {
					return fmt.Errorf("reading the tree: %w", err)
				}
				own = append(own, codescan.Extract(codescan.File{Path: path.Clean(name), Data: data}))
			}
			mu.Lock()
			defer mu.Unlock()
			facts = append(facts, own...)
			return nil
		})
	}
	return facts, group.Wait()
}
