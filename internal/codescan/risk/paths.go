package risk

// Paths returns the paths of the files of code in a diff, on the new side and in
// order: those whose history says something.
func Paths(diff string) []string {
	if len(diff) > MaxDiff {
		return nil
	}
	var out []string
	for _, f := range parse(diff) {
		if f.read(); f.class == Code && f.status != created {
			out = append(out, f.path)
		}
	}
	return out
}
