package tlog_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	mod "golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/httpapi/tlog"
	"github.com/lockflight/lockflight/internal/store"
)

const (
	admin   = "*:*.admin"
	backend = "*:production.backend"
	records = 600
)

// plane is a log of some records, served.
type plane struct {
	store   *store.DB
	key     audit.Key
	handler http.Handler
	alarms  []audit.Finding
}

func newPlane(t *testing.T) *plane {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: quiet})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	p := &plane{store: db}
	p.key, err = audit.GenerateKey(strings.NewReader(strings.Repeat("k", 32)), "test")
	check(t, err)
	service := control.New(control.Options{Store: db, Origin: "test", Logger: quiet})
	mux := http.NewServeMux()
	tlog.Register(mux, tlog.Options{
		Service: service, Log: db, VerifierKey: p.key.VerifierKey(), Keys: []string{p.key.VerifierKey()}, Logger: quiet,
		Alarm: func(_ context.Context, _ control.Principal, f audit.Finding) error {
			p.alarms = append(p.alarms, f)
			return nil
		},
	})
	p.handler = httpapi.Wrap(mux, quiet, nil)
	check(t, service.Init(t.Context()))
	for secret, typ := range map[string]control.TokenType{admin: control.TokenAdmin, backend: control.TokenBackend} {
		_, err := service.AddToken(t.Context(), control.Setup(), typ, secret)
		check(t, err)
	}
	return p
}

// fill appends records until there are so many, and signs them.
func (p *plane) fill(t *testing.T) {
	t.Helper()
	var head control.Head
	check(t, p.store.Update(t.Context(), control.Normal, func(tx control.Tx) (err error) {
		for head, err = tx.Head(); err == nil && head.Size < records; head, err = tx.Head() {
			_, err = tx.Append(func(seq int64) ([]byte, error) { return fmt.Appendf(nil, `{"seq":%d}`, seq), nil })
			check(t, err)
		}
		return err
	}))
	signed, err := audit.Sign(audit.Checkpoint{Origin: "test", Size: head.Size, Root: head.Root}, p.key)
	check(t, err)
	check(t, p.store.PutCheckpoint(context.WithoutCancel(t.Context()), head.Size, signed, time.Now()))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *plane) get(t testing.TB, token, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

// body returns that of a 200.
func (p *plane) body(t testing.TB, path string) []byte {
	t.Helper()
	w := p.get(t, admin, path)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// tree reads the checkpoint as x/mod does.
func (p *plane) tree(t testing.TB) mod.Tree {
	t.Helper()
	verifier, err := note.NewVerifier(strings.TrimSpace(string(p.body(t, "/audit/log/vkey"))))
	check(t, err)
	n, err := note.Open(p.body(t, "/audit/log/checkpoint"), note.VerifierList(verifier))
	check(t, err)
	var origin, root string
	var tree mod.Tree
	_, err = fmt.Sscanf(n.Text, "%s\n%d\n%s\n", &origin, &tree.N, &root)
	check(t, err)
	tree.Hash, err = mod.ParseHash(root)
	check(t, err)
	return tree
}

// client reads tiles over HTTP for x/mod's tree, which checks each of them.
type client struct {
	t *testing.T
	p *plane
}

func (client) Height() int                    { return audit.TileHeight }
func (client) SaveTiles([]mod.Tile, [][]byte) {}
func (c client) ReadTiles(all []mod.Tile) (out [][]byte, err error) {
	for _, one := range all {
		// C2SP leaves out the height that x/mod has in its paths.
		out = append(out, c.p.body(c.t, "/audit/log/"+strings.Replace(one.Path(), "tile/8/", "tile/", 1)))
	}
	return out, nil
}

// A-21, over the wire: x/mod follows the log by its checkpoint and tiles alone.
func TestTilesByAnotherReader(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.fill(t)
	tree := p.tree(t)
	if tree.N != records {
		t.Fatalf("the checkpoint is over %d records", tree.N)
	}
	reader := mod.TileHashReader(tree, client{t, p})
	for _, index := range []int64{0, 1, 255, 256, 511, 512, records - 1} {
		proof, err := mod.ProveRecord(tree.N, index, reader)
		check(t, err)
		record := entries(t, p.body(t, "/audit/log/tile/entries/"+bundle(index)))[index%256]
		check(t, mod.CheckRecord(proof, tree.N, tree.Hash, index, mod.RecordHash(record)))
		var ours struct{ Hashes []mod.Hash }
		check(t, json.Unmarshal(p.body(t, fmt.Sprintf("/audit/log/proof?index=%d&size=%d", index, tree.N)), &ours))
		check(t, mod.CheckRecord(ours.Hashes, tree.N, tree.Hash, index, mod.RecordHash(record)))
	}
	for _, size := range []int64{1, 255, 256, 257, records} {
		smaller, err := mod.TreeHash(size, reader)
		check(t, err)
		var proof struct{ Hashes []mod.Hash }
		check(t, json.Unmarshal(p.body(t, fmt.Sprintf("/audit/log/consistency?from=%d&to=%d", size, tree.N)), &proof))
		check(t, mod.CheckTree(proof.Hashes, tree.N, tree.Hash, size, smaller))
	}
}

// bundle is the path of the bundle that record index is in.
func bundle(index int64) string {
	n := index / 256
	if width := min(records-n*256, 256); width < 256 {
		return fmt.Sprintf("%03d.p/%d", n, width)
	}
	return fmt.Sprintf("%03d", n)
}

func entries(t *testing.T, data []byte) (out [][]byte) {
	t.Helper()
	for len(data) > 0 {
		n := int(binary.BigEndian.Uint16(data))
		out = append(out, data[2:2+n])
		data = data[2+n:]
	}
	return out
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	if w := p.get(t, admin, "/audit/log/checkpoint"); w.Code != http.StatusNotFound {
		t.Errorf("a log without a checkpoint: %d %s", w.Code, w.Body)
	}
	p.fill(t)
	tests := []struct {
		name, token, path string
		status            int
		says              string
	}{
		{"no token", "", "/audit/log/checkpoint", 401, ""},
		{"another token's checkpoint", backend, "/audit/log/checkpoint", 200, "test\n600\n"},
		{"another token's consistency", backend, "/audit/log/consistency?from=600&to=600", 200, `{"from":600,"to":600,"hashes":[]}`},
		{"another token's records", backend, "/audit/log/tile/entries/000", 403, ""},
		{"another token's hashes", backend, "/audit/log/tile/0/000", 403, ""},
		{"another token's proof", backend, "/audit/log/proof?index=0&size=1", 403, ""},
		{"a tile that is not complete", admin, "/audit/log/tile/0/002", 404, "600 records"},
		{"a bundle beyond the log", admin, "/audit/log/tile/entries/003.p/1", 404, "600 records"},
		{"no tile", admin, "/audit/log/tile/0/2", 404, "path of a tile"},
		{"the level above", admin, "/audit/log/tile/1/000.p/2", 200, ""},
		{"a record that is not there", admin, "/audit/log/proof?index=600&size=600", 400, "not below"},
		{"a size that is not there", admin, "/audit/log/proof?index=1&size=601", 404, "600 records"},
		{"no number", admin, "/audit/log/proof?index=x&size=1", 400, `\"x\"`},
		{"nothing before", admin, "/audit/log/consistency?from=0&to=5", 400, "between 1 and 5"},
		{"backwards", admin, "/audit/log/consistency?from=6&to=5", 400, "between 1 and 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := p.get(t, tt.token, tt.path)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("GET %s: %d %s, want %d %q", tt.path, w.Code, w.Body, tt.status, tt.says)
			}
		})
	}
	if got := p.get(t, admin, "/audit/log/tile/0/000").Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("a full tile may be kept: %q", got)
	}
	if got := p.get(t, admin, "/audit/log/tile/0/002.p/88").Header().Get("Cache-Control"); strings.Contains(got, "immutable") {
		t.Errorf("a tile that will grow may be kept for ever: %q", got)
	}
}

// A-29, lying witnesses: an alarm counts where it is proved: by a checkpoint that the log's key has
// signed, and that the log does not go on from.
func TestAlarm(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.fill(t)
	tree := p.tree(t)
	sign := func(c audit.Checkpoint, key audit.Key) string {
		signed, err := audit.Sign(c, key)
		check(t, err)
		return signed
	}
	forged, err := audit.GenerateKey(strings.NewReader(strings.Repeat("f", 32)), "test")
	check(t, err)
	other := audit.Checkpoint{Origin: "test", Size: 400, Root: tree.Hash}
	tests := []struct {
		name, held string
		status     int
	}{
		{"its own", string(p.body(t, "/audit/log/checkpoint")), 400},
		{"of another key", sign(other, forged), 400},
		{"no checkpoint", "x", 400},
		{"of another tree", sign(other, p.key), 204},
		{"of a longer log", sign(audit.Checkpoint{Origin: "test", Size: 700, Root: tree.Hash}, p.key), 204},
	}
	for _, tt := range tests {
		before := len(p.alarms)
		body, err := json.Marshal(map[string]string{"held": tt.held})
		check(t, err)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/audit/log/alarm", strings.NewReader(string(body)))
		r.Header.Set("Authorization", backend)
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		if w.Code != tt.status || (len(p.alarms) > before) != (tt.status == 204) {
			t.Errorf("%s: %d %s, %d alarms more", tt.name, w.Code, w.Body, len(p.alarms)-before)
		}
	}
}
