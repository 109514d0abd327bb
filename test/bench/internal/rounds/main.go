package rounds

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// Main is the main function of a benchmark: run gets how often each case is
// timed and for how long, and a directory to write the report to, or "". The
// arguments are the defaults of the first two. An error ends the program.
func Main(n int, span time.Duration, run func(n int, span time.Duration, save string) error) {
	flag.IntVar(&n, "rounds", n, "how often each case is timed")
	flag.DurationVar(&span, "span", span, "how long each time")
	save := flag.String("save", "", "a directory to write the report to")
	flag.Parse()
	if err := run(n, span, *save); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
