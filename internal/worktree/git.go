package worktree

import (
	"context"
	"os/exec"
	"strings"
)

// Revision says which state of which repository a tree is. Its parts are empty
// where there is no git, or no repository.
type Revision struct{ Repository, Commit, Branch string }

// RevisionOf asks git about the tree at root.
func RevisionOf(ctx context.Context, root string) Revision {
	ask := func(args ...string) string {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	return Revision{
		Repository: withoutUser(ask("config", "--get", "remote.origin.url")),
		Commit:     ask("rev-parse", "HEAD"),
		Branch:     ask("symbolic-ref", "--short", "-q", "HEAD"),
	}
}

// withoutUser takes a name and a password out of a URL: a report is shared.
func withoutUser(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + path
}
