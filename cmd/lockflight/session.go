package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/term"
)

// person is who signs in for one command, since what only people may do takes
// no token: a program may hold one.
type person struct {
	remote
	User string `required:"" short:"u" env:"LOCKFLIGHT_USER" help:"Your user name or e-mail address; the password is asked for, or read from a pipe."`
}

// signedIn runs do in a session of its own, which ends with it.
func (p *person) signedIn(ctx context.Context, s streams, do func(remote) error) error {
	password, err := readPassword(s, p.User)
	if err != nil {
		return err
	}
	in := p.remote
	in.Token = ""
	if in.session, err = in.signIn(ctx, p.User, password); err != nil {
		return err
	}
	err = do(in)
	return errors.Join(err, in.call(context.WithoutCancel(ctx), http.MethodPost, "/auth/logout", nil, nil))
}

// signIn returns the cookie of a new session.
func (r remote) signIn(ctx context.Context, user, password string) (*http.Cookie, error) {
	body, err := json.Marshal(map[string]string{"username": user, "password": password})
	if err != nil {
		return nil, fmt.Errorf("encoding the sign-in: %w", err)
	}
	answer, err := r.answer(ctx, http.MethodPost, "/auth/password", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if all := answer.Cookies(); len(all) == 1 {
		return all[0], nil
	}
	return nil, errors.New("the server has opened no session")
}

// readPassword asks on a terminal, without showing what is typed, and reads the
// first line of anything else.
func readPassword(s streams, user string) (string, error) {
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(s.err, "password of %s: ", user)
		secret, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.err)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return string(secret), nil
	}
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
