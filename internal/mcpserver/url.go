package mcpserver

import "net/url"

// flagURL is where a flag is read in full.
func flagURL(base, flag string) string { return base + "/api/v1/flags/" + url.PathEscape(flag) }

// releaseURL is where a release is read in full.
func releaseURL(base, id string) string { return base + "/api/v1/releases/" + url.PathEscape(id) }
