package native_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// TestPages follows a list that changes meanwhile: what was there all the time
// is seen once, in order.
func TestPages(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	make := func(name string) {
		_, err := p.service.CreateFlag(t.Context(), control.Setup(), control.Flag{Name: name, Project: "default"})
		check(t, err)
	}
	for i := range 10 {
		make(fmt.Sprintf("f%d", i))
	}
	var seen []string
	cursor := ""
	for page := 0; ; page++ {
		got := get[native.FlagList](t, p, "GET", "/flags?limit=3&cursor="+url.QueryEscape(cursor), admin, "")
		for _, f := range got.Flags {
			seen = append(seen, f.Name)
		}
		if page == 0 { // before, at and after where the cursor stands
			make("a")
			make("f25")
			check(t, p.service.ArchiveFlags(t.Context(), control.Setup(), "default", []string{"f2", "f5"}))
		}
		if cursor = got.Next.Next; cursor == "" {
			break
		}
	}
	want := []string{"f0", "f1", "f2", "f25", "f3", "f4", "f6", "f7", "f8", "f9"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
}

// TestEveryListHasPages asks each operation that lists for a page of one, and
// for the next of it.
func TestEveryListHasPages(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	for _, name := range []string{"a", "b"} {
		get[any](t, p, "POST", "/flags", admin, `{"name":"`+name+`"}`)
		get[any](t, p, "POST", "/segments", admin, `{"name":"`+name+`","constraints":[]}`)
		get[any](t, p, "POST", "/projects", admin, `{"id":"`+name+`"}`)
		get[any](t, p, "POST", "/tag-types", admin, `{"name":"`+name+name+`"}`)
		for _, to := range []string{"on", "off"} {
			get[any](t, p, "POST", "/flags/a/environments/production/"+to, admin, "")
		}
	}
	for _, path := range []string{
		"/flags", "/search/flags", "/projects", "/environments", "/segments", "/tokens", "/context-fields", "/tag-types",
		"/audit/records", "/flags/a/environments/production/history",
	} {
		first := p.do(t, "GET", "/api/v1"+path+"?limit=1", admin, "")
		var next struct{ Next string }
		check(t, json.Unmarshal(first.Body.Bytes(), &next))
		second := p.do(t, "GET", "/api/v1"+path+"?limit=1&cursor="+url.QueryEscape(next.Next), admin, "")
		if first.Code != http.StatusOK || second.Code != http.StatusOK || next.Next == "" || first.Body.String() == second.Body.String() {
			t.Errorf("%s: %d %s, then %d %s", path, first.Code, first.Body, second.Code, second.Body)
		}
	}
}

// TestConditions reads again what has not changed, and writes on what has.
func TestConditions(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	get[any](t, p, "POST", "/flags", admin, `{"name":"a"}`)
	get[any](t, p, "POST", "/segments", admin, `{"name":"s","constraints":[]}`)
	for path, edit := range map[string][2]string{
		"/flags/a":                         {"PATCH", `{"description":"x"}`},
		"/flags/a/environments/production": {"POST /on", ``},
		"/projects/default":                {"PATCH", `{"name":"x"}`},
		"/environments/production":         {"PATCH", `{"sortOrder":7}`},
		"/segments/1":                      {"PUT", `{"name":"s","description":"x","constraints":[]}`},
		"/context-fields/userId":           {"PUT", `{"description":"x"}`},
	} {
		t.Run(path, func(t *testing.T) {
			path = "/api/v1" + path
			tag := p.do(t, "GET", path, admin, "").Header().Get("ETag")
			again := p.do(t, "GET", path, admin, "", "If-None-Match", `"other", `+tag)
			if tag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
				t.Fatalf("read again with %s: %d %s", tag, again.Code, again.Body)
			}
			method, at := edit[0], path
			if method == "POST /on" {
				method, at = "POST", path+"/on"
			}
			w := p.do(t, method, at, admin, edit[1], "If-Match", tag)
			if now := w.Header().Get("ETag"); w.Code != http.StatusOK || now == tag || now != p.do(t, "GET", path, admin, "").Header().Get("ETag") {
				t.Fatalf("written on %s: %d %s", tag, w.Code, w.Body)
			}
			w = p.do(t, method, at, admin, edit[1], "If-Match", tag)
			var said httpapi.Problem
			check(t, json.Unmarshal(w.Body.Bytes(), &said))
			if w.Code != http.StatusPreconditionFailed || said.Code != control.CodePrecondition {
				t.Errorf("written again on %s: %d %s", tag, w.Code, w.Body)
			}
		})
	}
}

// TestOffIsNeverConditional switches off on a version that has passed.
func TestOffIsNeverConditional(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	get[any](t, p, "POST", "/flags", admin, `{"name":"a"}`)
	for _, path := range []string{"/flags/a/environments/production/off", "/flags/a/kill"} {
		get[native.Flag](t, p, "POST", path, admin, "", "If-Match", `"0"`)
	}
}

func TestMethodNotAllowed(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	w := p.do(t, "DELETE", "/api/v1/flags", admin, "")
	if got := w.Header().Get("Allow"); w.Code != http.StatusMethodNotAllowed || got != "GET, POST" {
		t.Errorf("%d, Allow %q", w.Code, got)
	}
}

// TestOTLPErrors are a Status in the encoding of the request, before it is read
// too.
func TestOTLPErrors(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	for media, want := range map[string]int{"application/x-protobuf": 401, "application/json": 401} {
		w := p.do(t, "POST", "/v1/traces", "*:*.nobody", "{}", "Content-Type", media)
		if w.Code != want || w.Header().Get("Content-Type") != media {
			t.Errorf("%s: %d %s", media, w.Code, w.Header().Get("Content-Type"))
		}
		if media == "application/x-protobuf" {
			var st status.Status
			if err := proto.Unmarshal(w.Body.Bytes(), &st); err != nil || st.GetCode() != 16 || st.GetMessage() == "" {
				t.Errorf("%v, %v", &st, err)
			}
		}
	}
	if w := p.do(t, "POST", "/v1/traces", backend, "x", "Content-Type", "text/plain"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("another media type: %d %s", w.Code, w.Body)
	}
}

// TestEveryOperationIsDocumented holds the routes of the resources to the
// document.
func TestEveryOperationIsDocumented(t *testing.T) {
	t.Parallel()
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	check(t, json.Unmarshal(newPlane(t, still).do(t, "GET", "/api/v1/openapi.json", "", "").Body.Bytes(), &doc))
	var ids []string
	for _, methods := range doc.Paths {
		for _, op := range methods {
			ids = append(ids, op.OperationID)
		}
	}
	slices.Sort(ids)
	if twice := len(ids) - len(slices.Compact(slices.Clone(ids))); twice > 0 || slices.Contains(ids, "") {
		t.Errorf("operations without an id of their own: %v", ids)
	}
}
