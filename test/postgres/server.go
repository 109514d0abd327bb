package postgres

import (
	"bufio"
	"crypto/rand"
	_ "embed" // server.sh
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// script starts a server, says "ready", and removes it at the end of its
// standard input.
//
//go:embed server.sh
var script string

// server is a running PostgreSQL. It has no Stop: lifeline is the write end of
// the script's standard input, which the system closes when this process ends,
// by exit, panic or kill -9.
type server struct {
	dir      string // data, socket and log; removed by the script
	port     int
	password string
	lifeline *os.File
}

// url returns the URL of the named database for the administrator.
func (s *server) url(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// start makes a database cluster and runs a server on it. Between choosing a
// free port and binding it another process may take the port, so a server
// that does not come up gets two more chances.
func start() (*server, error) {
	bin, err := find(places)
	if err != nil {
		return nil, err
	}
	var errs []error
	for range 3 {
		srv, err := launch(bin)
		if err == nil {
			return srv, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// launch runs the script with the programs in bin and waits until the server
// accepts connections.
func launch(bin string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lockflight-postgres-")
	if err != nil {
		return nil, err
	}
	srv := &server{dir: dir, port: port, password: rand.Text()}
	if err := srv.run(bin); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return srv, nil
}

func (s *server) run(bin string) error {
	owner, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	stdin, lifeline, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "server.sh", bin, s.dir, strconv.Itoa(s.port))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PASSWORD="+s.password)
	cmd.Stdin = stdin
	// A process group of its own: an interrupt typed at the terminal stops the
	// tests, and the lifeline then stops the server in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: owner}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return errors.Join(err, lifeline.Close())
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, lifeline.Close())
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		log, logErr := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("server did not start: %w\n%s", errors.Join(err, lifeline.Close(), cmd.Wait(), logErr), log)
	}
	s.lifeline = lifeline
	return nil
}

// freePort returns a port of 127.0.0.1 that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	addr, err := net.ResolveTCPAddr("tcp4", l.Addr().String())
	if err != nil {
		return 0, err
	}
	return addr.Port, nil
}

// unprivileged returns whom the server runs as: nobody in particular (nil, the
// user of this process) unless that is root, as whom PostgreSQL refuses to
// run. Then it is the system's database user or its unprivileged one, to whom
// dir is given.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user other than root for the server: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of %s: %w", u.Username, err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
