package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"github.com/lockflight/lockflight/internal/control"
)

// Cost is what one argon2id hash takes.
type Cost struct {
	Memory uint32 // in KiB
	Time   uint32 // passes over it
}

// DefaultCost is above what OWASP asks for at least (19 MiB and 2 passes).
var DefaultCost = Cost{Memory: 64 << 10, Time: 3}

// The limits of passwords, in characters. No kind of character is asked for.
const (
	minPassword = 8
	maxPassword = 128
)

const (
	saltSize = 16
	keySize  = 32
)

// hasher makes and compares hashes, a few at a time: each takes Cost.Memory,
// and a flood of sign-ins must not take all that there is.
type hasher struct {
	cost  Cost
	queue *semaphore.Weighted
	dummy string // compared with where there is no such person
}

func newHasher(cost Cost) *hasher {
	if cost == (Cost{}) {
		cost = DefaultCost
	}
	h := &hasher{cost: cost, queue: semaphore.NewWeighted(int64(2 * runtime.GOMAXPROCS(0)))}
	h.dummy = h.format(make([]byte, saltSize), make([]byte, keySize))
	return h
}

// hash returns what is kept of a password, in the PHC string format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.queue.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer h.queue.Release(1)
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails (crypto/rand since Go 1.24)
	return h.format(salt, argon2.IDKey([]byte(password), salt, h.cost.Time, h.cost.Memory, 1, keySize)), nil
}

func (h *hasher) format(salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.cost.Memory, h.cost.Time, b64(salt), b64(key))
}

// matches compares a password with what is kept of one, with a dummy where
// that is empty. stale says that it was made at another cost than today's.
func (h *hasher) matches(ctx context.Context, phc, password string) (ok, stale bool, err error) {
	exists := phc != ""
	if !exists {
		phc = h.dummy
	}
	cost, salt, key, err := parse(phc)
	if err != nil {
		return false, false, err
	}
	if err := h.queue.Acquire(ctx, 1); err != nil {
		return false, false, err
	}
	defer h.queue.Release(1)
	got := argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, 1, uint32(len(key)))
	same := subtle.ConstantTimeCompare(got, key) == 1
	return same && exists, cost != h.cost, nil
}

// parse reads a PHC string of argon2id with one lane.
func parse(phc string) (c Cost, salt, key []byte, err error) {
	bad := errors.New("what is kept of a password is no argon2id hash")
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprint("v=", argon2.Version) {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.Memory, &c.Time); err != nil || c.Time == 0 || c.Memory > 1<<20 {
		return c, nil, nil, bad
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, bad
	}
	return c, salt, key, nil
}

// checkPassword says what is wrong with a new password of an account.
func checkPassword(password string, a control.Account) error {
	n := utf8.RuneCountInString(password)
	least := minPassword
	if a.BreakGlass {
		least = minBreakGlass
	}
	switch {
	case !utf8.ValidString(password):
		return control.Invalidf("password", "must be UTF-8")
	case n < least:
		return control.Invalidf("password", "must have at least %d characters; 15 or more are better", least)
	case n > maxPassword:
		return control.Invalidf("password", "must have at most %d characters", maxPassword)
	}
	for _, known := range []string{a.Username, a.Email, a.Name, "lockflight", "password", "12345678"} {
		if known != "" && strings.EqualFold(strings.TrimRight(password, "0123456789!."), strings.TrimRight(known, "0123456789!.")) {
			return control.Invalidf("password", "is the first that anybody would try")
		}
	}
	return nil
}

// minBreakGlass is how long the password of an account for emergencies is at
// least: it is written down and sealed, not remembered.
const minBreakGlass = 32
