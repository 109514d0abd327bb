package risk

import "strings"

// wordSet says what the words of a text are about: a bit for each subject, and
// for each set of words that a rule asks for.
type wordSet uint16

const (
	aboutAuth wordSet = 1 << iota
	aboutCrypto
	aboutMoney
	aboutPII
	aboutData
	aboutConcurrency
	aboutNetwork
	sums   // words of money that do not also mean something else
	guards // what a guard is about, beside authorization
	checks // verify, validate, valid
)

// vocabulary holds the words of each set. Words are whole parts of identifiers:
// userRole has the words user and role, and not the word roles.
var vocabulary = map[wordSet]string{
	aboutAuth: `auth authn authz authenticate authenticated authentication authenticator authorize authorized
		authorization authorizer unauthorized unauthenticated forbidden permission permissions rbac acl roles
		privilege privileges login logout signin signup password passwords passwd oauth oauth2 oidc saml sso jwt
		jwks csrf cors impersonate impersonation sudo mfa otp totp credential credentials bearer apikey principal
		admin tenant capability capabilities unsigned trusted untrusted lockout cidr allowlist denylist`,
	aboutCrypto: `crypto cipher encrypt encrypted encryption decrypt decrypted decryption hmac sha1 sha256 sha512
		md5 bcrypt scrypt argon2 pbkdf2 aes rsa ecdsa ed25519 x25519 x509 nonce keypair privatekey publickey
		signature signatures signing signer verifier certificate certificates tls mtls ssl digest checkpoint
		merkle entropy csprng keyring mlkem hpke identity identities consttime constanttime`,
	aboutMoney: `payment payments pay paid payout refund refunds invoice invoices billing charge charges chargeback
		price prices pricing amount amounts currency discount discounts tax taxes vat coupon stripe paypal
		braintree adyen ledger balance balances subscription subscriptions cents money monetary checkout`,
	aboutPII: `email emails phone ssn dob birthdate passport iban creditcard pii gdpr consent anonymize anonymise
		redact personal medical patient diagnosis geolocation useragent`,
	aboutData: `migration migrations migrate sql transaction tx commit rollback fsync wal vacuum truncate drop upsert
		replica replication snapshot checkpointing checkpoint compaction btree tbtree journal ltx vfs appendable
		corrupt corruption persistence storage offset backup restore retention schema database knex sequelize dao`,
	sums: `payment payments payout refund refunds invoice invoices billing charges chargeback price prices pricing
		amount amounts currency discount discounts tax taxes vat coupon stripe paypal braintree adyen ledger
		subscription subscriptions cents money monetary checkout`,
	guards: `verify verified signature tenant owner allowed forbidden unsigned origin csrf valid validate`,
	checks: `verify validate valid`,
}

// dictionary is the vocabulary the other way round.
var dictionary = func() map[string]wordSet {
	out := map[string]wordSet{}
	for set, words := range vocabulary {
		for word := range strings.FieldsSeq(words) {
			out[word] |= set
		}
	}
	return out
}

// longest is longer than any word of the vocabulary.
const longest = 24

// wordsOf returns what the words of a text are about. Words end where letters
// and digits do, where a capital follows a small letter or a digit (userRole),
// and before the last of several capitals (HTTPServer).
func wordsOf(text string) wordSet {
	var (
		set  wordSet
		word [longest]byte
		n    int
	)
	known := lexicon().words
	end := func() {
		if n > 1 && n < longest {
			set |= known[string(word[:n])]
		}
		n = 0
	}
	for i := range len(text) {
		b := text[i]
		switch {
		case b >= 'A' && b <= 'Z':
			if i > 0 && startsWord(text, i) {
				end()
			}
			b += 'a' - 'A'
		case b >= 'a' && b <= 'z', b >= '0' && b <= '9':
		default:
			end()
			continue
		}
		if n < longest {
			word[n] = b
			n++
		}
	}
	end()
	return set
}

// startsWord reports whether the capital at i begins a word.
func startsWord(text string, i int) bool {
	before := text[i-1]
	if before >= 'a' && before <= 'z' || before >= '0' && before <= '9' {
		return true
	}
	return before >= 'A' && before <= 'Z' && i+1 < len(text) && text[i+1] >= 'a' && text[i+1] <= 'z'
}
