package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs the checkpoints of one log: an Ed25519 key under the log's origin,
// which is its Name. It is a [note.Signer] and prints as its public half.
type Key struct {
	note.Signer
	secret, public string
}

// GenerateKey makes a key for the log called origin from 32 bytes of random,
// which MUST be unpredictable (crypto/rand.Reader). The origin is a name such
// as "audit.example.com/org1": not empty, no white space, no plus sign.
func GenerateKey(random io.Reader, origin string) (Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Key{}, fmt.Errorf("generate a signing key: %w", err)
	}
	public, err := publicKey(origin, seed)
	if err != nil {
		return Key{}, fmt.Errorf("generate a signing key: %w", err)
	}
	id := strings.Split(public, "+")[1]
	return ParseKey("PRIVATE+KEY+" + origin + "+" + id + "+" + base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, seed...)))
}

// ParseKey reads what Secret returns. Its errors do not quote the key.
func ParseKey(secret string) (Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, fmt.Errorf("parse a signing key: %w", err)
	}
	// PRIVATE+KEY+<name>+<id>+<base64>, of which the base64 may hold a plus.
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(secret, "+", 5)[4])
	if err != nil {
		return Key{}, errors.New("parse a signing key: not base64")
	}
	public, err := publicKey(signer.Name(), raw[1:])
	if err != nil {
		return Key{}, fmt.Errorf("parse a signing key: %w", err)
	}
	return Key{Signer: signer, secret: secret, public: public}, nil
}

// algEd25519 is the signature type of C2SP signed-note that a key's bytes
// begin with.
const algEd25519 = 1

func publicKey(origin string, seed []byte) (string, error) {
	public, ok := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("not an Ed25519 key")
	}
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	if err != nil {
		return "", err
	}
	_, err = note.NewVerifier(vkey) // refuses a name that cannot be one
	return vkey, err
}

// Secret returns the key as C2SP signed-note writes a private key. It belongs
// in a file that only the server reads, or in a vault.
func (k Key) Secret() string { return k.secret }

// VerifierKey returns the public half, "<origin>+<id>+<base64>": what others
// need to verify, and all that may be shown.
func (k Key) VerifierKey() string { return k.public }

// String is VerifierKey, so that printing or logging a key gives nothing away.
func (k Key) String() string { return k.public }

// GoString is VerifierKey, too.
func (k Key) GoString() string { return k.public }

// Verifiers returns the set of the given verifier keys, for Open and Verify.
func Verifiers(vkeys ...string) (note.Verifiers, error) {
	list := make([]note.Verifier, len(vkeys))
	for i, vkey := range vkeys {
		var err error
		if list[i], err = note.NewVerifier(vkey); err != nil {
			return nil, fmt.Errorf("verifier key %q: %w", vkey, err)
		}
	}
	return note.VerifierList(list...), nil
}
