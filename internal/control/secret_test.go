package control

import (
	"strings"
	"testing"
)

// TestSecretForm is the form that scanners look for: lf_KIND_ID_SECRET_CHECK.
func TestSecretForm(t *testing.T) {
	t.Parallel()
	id, secret := newSecret("sat")
	kind, got, ok := parseSecret(secret)
	if kind != "sat" || got != id || !ok || len(secret) != len("lf_sat_")+secretID+1+secretRandom+1+secretCheck {
		t.Errorf("%q is read as kind %q, id %q, %v", secret, kind, got, ok)
	}
	if got := credentialID(accountPrefix+secret, digest(accountPrefix+secret)); got != "tok_"+id {
		t.Errorf("with Unleash's word before it, the id is %s", got)
	}
	if digest(secret) != digest(accountPrefix+secret) {
		t.Error("Unleash's word before it changes the digest")
	}
	for i := range secret {
		other := []byte(secret)
		other[i] = '0' + (other[i]-'0'+1)%10
		if _, _, ok := parseSecret(string(other)); ok && string(other) != secret {
			t.Errorf("%q passes for a token, with byte %d changed", other, i)
		}
	}
	for _, s := range []string{"", "lf_", "lf_sat", "lf_sat_", "*:*.secret", secret[1:], secret + "0", strings.ReplaceAll(secret, "_", "-")} {
		if _, _, ok := parseSecret(s); ok {
			t.Errorf("%q passes for a token", s)
		}
	}
}

// TestChecksum has the CRC-32 of a fixed text, 0xcbf43926, in base 62.
func TestChecksum(t *testing.T) {
	t.Parallel()
	if got := checksum("123456789"); got != "3jZRME" {
		t.Errorf("checksum %s", got)
	}
}
