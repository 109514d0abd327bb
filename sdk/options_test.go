package sdk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk"
)

func TestOptionsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := sdk.Options{URL: "http://127.0.0.1:1", Token: backendToken, AppName: "checkout"}
	tests := []struct {
		name   string
		change func(*sdk.Options)
		want   []string // fields
	}{
		{"nothing", func(o *sdk.Options) { *o = sdk.Options{} }, []string{"URL"}},
		{"only a URL", func(o *sdk.Options) { *o = sdk.Options{URL: o.URL} }, []string{"Token", "AppName"}},
		{"no scheme", func(o *sdk.Options) { o.URL = "127.0.0.1:4242" }, []string{"URL"}},
		{"no host", func(o *sdk.Options) { o.URL = "http:///api" }, []string{"URL"}},
		{"a query", func(o *sdk.Options) { o.URL += "/?x=1" }, []string{"URL"}},
		{"a line break", func(o *sdk.Options) { o.Token = "a\r\nb" }, []string{"Token"}},
		{"a broken bootstrap", func(o *sdk.Options) { o.Bootstrap = []byte("{") }, []string{"Bootstrap"}},
		{"a backup of nothing", func(o *sdk.Options) {
			*o = sdk.Options{Bootstrap: []byte("{}"), BackupDir: "x"}
		}, []string{"BackupDir"}},
		{"one build", func(o *sdk.Options) { o.Build, o.ControlBuild = "b", "b" }, []string{"ControlBuild"}},
		{"negative", func(o *sdk.Options) { o.RefreshInterval, o.StaleAfter = -1, -1 }, []string{"RefreshInterval", "StaleAfter"}},
		{"a timeout", func(o *sdk.Options) { o.HTTPClient = &http.Client{Timeout: time.Second} }, []string{"HTTPClient"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			options := good
			test.change(&options)
			c, err := sdk.New(t.Context(), options)
			if err == nil {
				c.Close()
				t.Fatal("no error")
			}
			for _, field := range test.want {
				if !strings.Contains(err.Error(), "sdk.Options."+field+": ") {
					t.Errorf("error %q does not name %s", err, field)
				}
			}
			if got := strings.Count(err.Error(), "sdk.Options."); got != len(test.want) {
				t.Errorf("error %q names %d fields, want %d", err, got, len(test.want))
			}
		})
	}
}
