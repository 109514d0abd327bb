package control

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// base62 are the digits of tokens: a double click selects all of one.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The parts of lf_KIND_ID_SECRET_CHECK. 43 digits hold 256 bits, and the last
// six are the CRC-32 of all before them, so that a scanner tells a real token
// from a text that looks like one without asking anybody.
const (
	secretPrefix  = "lf_"
	secretID      = 12
	secretRandom  = 43
	secretCheck   = 6
	sessionKind   = "ses"
	accountPrefix = "user:" // before a person's token, as Unleash's clients know them
)

// digits returns n random digits of base 62.
func digits(n int) string {
	out := make([]byte, 0, n)
	var raw [64]byte
	for len(out) < n {
		_, _ = rand.Read(raw[:]) // never fails (crypto/rand since Go 1.24)
		for _, b := range raw {
			// 248 is four times 62: what is above would favour the first digits.
			if b < 248 && len(out) < n {
				out = append(out, base62[b%62])
			}
		}
	}
	return string(out)
}

// newSecret makes a secret of a kind (sat, pat, edge, ses) and the id within it.
func newSecret(kind string) (id, secret string) {
	id = digits(secretID)
	body := secretPrefix + kind + "_" + id + "_" + digits(secretRandom)
	return id, body + "_" + checksum(body)
}

// checksum is the CRC-32 (IEEE) of a text in base 62, of six digits.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var out [secretCheck]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return string(out[:])
}

// parseSecret returns the kind and the id in a secret of this form, false for
// any other text and for one whose checksum is wrong.
func parseSecret(secret string) (kind, id string, ok bool) {
	rest, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return "", "", false
	}
	kind, rest, _ = strings.Cut(rest, "_")
	if len(rest) != secretID+1+secretRandom+1+secretCheck || rest[secretID] != '_' || rest[secretID+1+secretRandom] != '_' {
		return "", "", false
	}
	body := secret[:len(secret)-secretCheck-1]
	return kind, rest[:secretID], checksum(body) == secret[len(secret)-secretCheck:]
}

// digest is what is stored of a credential: the SHA-256 of the whole, without
// the word that Unleash's clients put before it. 256 random bits need no slow
// hash.
func digest(secret string) [sha256.Size]byte {
	secret = strings.TrimPrefix(secret, accountPrefix)
	var buf [128]byte // longer than any that is made here: hashing one allocates nothing
	return sha256.Sum256(append(buf[:0], secret...))
}

// credentialID is the key of the credential that a secret may be: by the id
// within it or, where its form has none, by its digest.
func credentialID(secret string, sum [sha256.Size]byte) string {
	kind, id, ok := parseSecret(strings.TrimPrefix(secret, accountPrefix))
	switch {
	case ok && kind == sessionKind:
		return "ses_" + id
	case ok:
		return "tok_" + id
	}
	return "tok_" + hex.EncodeToString(sum[:10])
}
