package postgres

import (
	"cmp"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// places are where packages put the server's programs, which Debian and its
// kin keep out of PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/pgsql/bin",
}

var errMissing = errors.New(`no PostgreSQL server (initdb, pg_ctl) found; run "make test": it installs PostgreSQL`)

// find returns the directory of initdb and pg_ctl: that of PATH, or else of
// the newest version under the patterns of filepath.Glob.
func find(patterns []string) (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		resolved, err := filepath.EvalSymlinks(initdb)
		return filepath.Dir(resolved), err
	}
	var dirs []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(pattern, "initdb"))
		if err != nil {
			return "", err
		}
		dirs = append(dirs, found...)
	}
	if len(dirs) == 0 {
		return "", errMissing
	}
	newest := slices.MaxFunc(dirs, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	return filepath.Dir(newest), nil
}

var versionPattern = regexp.MustCompile(`[-@/](\d+)/bin/`)

// version returns the major version that a path names, 0 where it names none.
func version(path string) int {
	m := versionPattern.FindStringSubmatch(path)
	if m == nil {
		return 0
	}
	v, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return v
}
