package postgres

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// childEnv makes this test program start a server, say where, and wait.
const childEnv = "LOCKFLIGHT_TEST_POSTGRES_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	srv, err := shared()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("%s %d\n", srv.dir, srv.port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestStart(t *testing.T) {
	t.Parallel()
	a, b := connect(t, Start(t)), connect(t, Start(t))
	if _, err := a.Exec(t.Context(), "CREATE TABLE flags (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	got := map[string]any{}
	for name, row := range map[string]pgx.Row{
		"tables here":  a.QueryRow(t.Context(), tables),
		"tables there": b.QueryRow(t.Context(), tables),
	} {
		var n int
		if err := row.Scan(&n); err != nil {
			t.Fatal(err)
		}
		got[name] = n
	}
	var fsync, encoding string
	if err := a.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil {
		t.Fatal(err)
	}
	if err := a.QueryRow(t.Context(), "SHOW server_encoding").Scan(&encoding); err != nil {
		t.Fatal(err)
	}
	got["fsync"], got["encoding"] = fsync, encoding
	want := map[string]any{"tables here": 1, "tables there": 0, "fsync": "on", "encoding": "UTF8"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("two databases (-want +got):\n%s", diff)
	}
}

// TestStartDrops leaves a connection open: the database goes all the same.
func TestStartDrops(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("use", func(t *testing.T) {
		url = Start(t)
		connect(t, url)
	})
	if _, err := pgx.Connect(t.Context(), url); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("database after its test: error %v, want that it does not exist", err)
	}
}

// TestServerEndsWithProcess kills a process that started a server.
func TestServerEndsWithProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir, port, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok {
		t.Fatalf("child said %q, want directory and port", line)
	}
	addr := net.JoinHostPort("127.0.0.1", port)
	if conn, err := net.Dial("tcp4", addr); err != nil {
		t.Fatalf("server of the child: %v", err)
	} else {
		conn.Close()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s after the process was killed: %v, want that it does not exist", dir, err)
	}
	if conn, err := net.Dial("tcp4", addr); err == nil {
		conn.Close()
		t.Errorf("%s still answers after the process was killed", addr)
	}
}

func TestLaunchSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := launch("/nonexistent")
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/initdb") {
		t.Errorf("launch without programs: %v, want what the shell said", err)
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, v := range []string{"9", "14", "16"} {
		bin := filepath.Join(root, v, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "initdb"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	newest := filepath.Join(root, "16", "bin")
	other := filepath.Join(root, "9", "bin")
	tests := []struct {
		name, path string
		patterns   []string
		want       string
		err        error
	}{
		{name: "newest", patterns: []string{root + "/*/bin"}, want: newest},
		{name: "path first", path: other, patterns: []string{root + "/*/bin"}, want: other},
		{name: "missing", patterns: []string{root + "/none/bin"}, err: errMissing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", tt.path)
			got, err := find(tt.patterns)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("find = %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}
