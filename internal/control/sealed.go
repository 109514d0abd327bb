package control

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// SealingKey wraps the keys of people. It is 256 random bits, kept outside the
// database.
type SealingKey [32]byte

// erased stands where a sealed text was, once its key is destroyed.
const erased = "erased"

// personal says which members of a kind's documents are sealed, and which
// member says whose they are: an account's id.
var personal = map[ResourceKind]struct {
	person  string
	members []string
}{
	KindAccount: {"id", []string{"email", "identities", "name", "username"}},
	KindSession: {"account", []string{"reason"}},
	KindKill:    {"by", []string{"reason"}},
}

// sealed is a Store that keeps what is personal sealed, each person's with a key
// of its own: members of documents are written as {"sealed": "<base64>"}, and read
// as they were. The hash of a document is that of the sealed form, so that it
// stays right when the key is destroyed. It knows no machine or agent: their
// names are no personal data.
type sealed struct {
	Store

	key cipher.AEAD // nil: nothing is sealed, and what is cannot be read
}

func newSealed(s Store, key *SealingKey) sealed {
	if key == nil {
		return sealed{Store: s}
	}
	return sealed{s, newAEAD(key[:])}
}

// newAEAD is AES-256-GCM with random nonces.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only of a key of another length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only of another block size
	}
	return aead
}

// Update implements Store.
func (s sealed) Update(ctx context.Context, pri Priority, fn func(Tx) error) error {
	return s.Store.Update(ctx, pri, func(tx Tx) error {
		return fn(sealedTx{opener{tx, s.key}, tx})
	})
}

// View implements Store.
func (s sealed) View(ctx context.Context, fn func(ReadTx) error) error {
	return s.Store.View(ctx, func(tx ReadTx) error { return fn(opener{tx, s.key}) })
}

// opener is a ReadTx that opens what is sealed.
type opener struct {
	ReadTx

	key cipher.AEAD
}

// Resource implements ReadTx.
func (o opener) Resource(kind ResourceKind, key string) (Resource, error) {
	return o.one(o.ReadTx.Resource(kind, key))
}

// Revision implements ReadTx.
func (o opener) Revision(kind ResourceKind, key string, rev int64) (Resource, error) {
	return o.one(o.ReadTx.Revision(kind, key, rev))
}

// ResourceAt implements ReadTx.
func (o opener) ResourceAt(kind ResourceKind, key string, at time.Time) (Resource, error) {
	return o.one(o.ReadTx.ResourceAt(kind, key, at))
}

// Resources implements ReadTx.
func (o opener) Resources(kind ResourceKind, parent string) ([]Resource, error) {
	return o.many(o.ReadTx.Resources(kind, parent))
}

// ResourcesAt implements ReadTx.
func (o opener) ResourcesAt(kind ResourceKind, parent string, at time.Time) ([]Resource, error) {
	return o.many(o.ReadTx.ResourcesAt(kind, parent, at))
}

func (o opener) one(r Resource, err error) (Resource, error) {
	if err != nil || !holdsSealed(r) {
		return r, err
	}
	return o.open(r, o.Secret)
}

// many opens a list, with the keys of all people read at once.
func (o opener) many(all []Resource, err error) ([]Resource, error) {
	if err != nil || !slices.ContainsFunc(all, holdsSealed) {
		return all, err
	}
	keys, err := o.Secrets(personKey(""))
	if err != nil {
		return nil, err
	}
	find := func(key string) ([]byte, error) {
		if value, ok := keys[key]; ok {
			return value, nil
		}
		return nil, Errorf(NotFound, "not_found", "no secret %q", key)
	}
	for i, r := range all {
		if all[i], err = o.open(r, find); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// personKey names the wrapped key of a person.
func personKey(person string) string { return "person/" + person }

// holdsSealed tells cheaply whether a document may have sealed members.
func holdsSealed(r Resource) bool {
	_, may := personal[r.Kind]
	return may && bytes.Contains(r.Doc, []byte(`{"sealed":`))
}

// box is how a sealed member is stored: Sealed is the nonce and the ciphertext
// of a salt of 32 bytes and the member's JSON.
type box struct {
	Sealed []byte `json:"sealed"`
}

// open puts the sealed members of a document back. Those whose key is destroyed
// read "erased", or are not there where they were no text.
func (o opener) open(r Resource, secret func(string) ([]byte, error)) (Resource, error) {
	if !holdsSealed(r) {
		return r, nil
	}
	doc, person, err := membersOf(r.Kind, r.Doc)
	if err != nil {
		return r, err
	}
	key, err := o.unwrap(person, secret)
	if present(err) != nil {
		return r, err
	}
	for _, name := range personal[r.Kind].members {
		if !bytes.HasPrefix(doc[name], []byte(`{"sealed":`)) {
			continue
		}
		if err != nil { // the key is gone
			if name == "identities" {
				delete(doc, name)
			} else {
				doc[name] = json.RawMessage(`"` + erased + `"`)
			}
			continue
		}
		var b box
		if err := json.Unmarshal(doc[name], &b); err != nil {
			return r, fmt.Errorf("opening %s of %s %s: %w", name, r.Kind, r.Key, err)
		}
		plain, err := key.Open(nil, nil, b.Sealed, place(r.Kind, r.Key, name))
		if err != nil || len(plain) < saltSize {
			return r, fmt.Errorf("opening %s of %s %s: it was not sealed with this person's key", name, r.Kind, r.Key)
		}
		doc[name] = plain[saltSize:]
	}
	r.Doc, err = audit.Canonical(doc)
	return r, err
}

const saltSize = 32

// place binds a sealed value to where it belongs, so that it opens nowhere else.
func place(kind ResourceKind, key, member string) []byte {
	return []byte(string(kind) + "\n" + key + "\n" + member)
}

// membersOf returns the members of a document, and the person that it is about:
// empty where it is about none.
func membersOf(kind ResourceKind, doc []byte) (map[string]json.RawMessage, string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		return nil, "", fmt.Errorf("decoding a %s: %w", kind, err)
	}
	var person string
	if id := members[personal[kind].person]; id != nil {
		if err := json.Unmarshal(id, &person); err != nil {
			return nil, "", fmt.Errorf("decoding whose a %s is: %w", kind, err)
		}
	}
	if !strings.HasPrefix(person, accountPrefixes[KindHuman]) {
		person = ""
	}
	return members, person, nil
}

var errSealingKey = Errorf(Unavailable, "sealing_key", "personal data was sealed with another sealing key than this server's: give it with --sealing-key")

// unwrap returns the key of a person; an Error of Kind NotFound where there is
// none, or none any more.
func (o opener) unwrap(person string, secret func(string) ([]byte, error)) (cipher.AEAD, error) {
	wrapped, err := secret(personKey(person))
	if err != nil {
		return nil, err
	}
	if o.key == nil {
		return nil, errSealingKey
	}
	key, err := o.key.Open(nil, nil, wrapped, []byte(personKey(person)))
	if err != nil || len(key) != len(SealingKey{}) {
		return nil, errSealingKey
	}
	return newAEAD(key), nil
}

// sealedTx is a Tx that seals what is personal.
type sealedTx struct {
	opener
	tx Tx
}

// Now implements Tx.
func (s sealedTx) Now() time.Time { return s.tx.Now() }

// Put implements Tx. The Resource that it returns is as it is stored.
func (s sealedTx) Put(kind ResourceKind, key, parent string, doc []byte) (Resource, error) {
	doc, seals, err := s.seal(kind, key, doc)
	if err != nil {
		return Resource{}, err
	}
	r, err := s.tx.Put(kind, key, parent, doc)
	r.Seals = seals
	return r, err
}

// Delete implements Tx.
func (s sealedTx) Delete(kind ResourceKind, key string) error { return s.tx.Delete(kind, key) }

// PutBlob implements Tx.
func (s sealedTx) PutBlob(doc []byte) (string, error) { return s.tx.PutBlob(doc) }

// PutSecret implements Tx.
func (s sealedTx) PutSecret(key string, value []byte) error { return s.tx.PutSecret(key, value) }

// Append implements Tx.
func (s sealedTx) Append(record func(int64) ([]byte, error)) (int64, error) {
	return s.tx.Append(record)
}

// seal returns the document as it is stored, and a commitment to each of its
// sealed members, for the record.
func (s sealedTx) seal(kind ResourceKind, key string, doc []byte) ([]byte, []audit.Seal, error) {
	what, may := personal[kind]
	if !may || s.key == nil {
		return doc, nil, nil
	}
	members, person, err := membersOf(kind, doc)
	if err != nil || person == "" {
		return doc, nil, err
	}
	var seals []audit.Seal
	for _, name := range what.members {
		value := members[name]
		if value == nil {
			continue
		}
		aead, err := s.keyOf(person)
		if err != nil {
			return nil, nil, err
		}
		var salt [saltSize]byte
		_, _ = rand.Read(salt[:]) // never fails (crypto/rand since Go 1.24)
		b := box{aead.Seal(nil, nil, slices.Concat(salt[:], value), place(kind, key, name))}
		if members[name], err = json.Marshal(b); err != nil {
			return nil, nil, err
		}
		seals = append(seals, audit.Seal{P: "/" + name, K: person, C: audit.Commitment(salt, value)})
	}
	if seals == nil {
		return doc, nil, nil
	}
	doc, err = audit.Canonical(members)
	return doc, seals, err
}

// keyOf returns the key of a person, which it makes where there is none yet.
func (s sealedTx) keyOf(person string) (cipher.AEAD, error) {
	aead, err := s.unwrap(person, s.Secret)
	if err == nil || present(err) != nil {
		return aead, err
	}
	if _, err := s.Resource(KindErasure, person); err == nil {
		return nil, Errorf(Conflict, "erased", "the personal data of %s was erased: nothing is kept of them any more", person)
	}
	var key SealingKey
	_, _ = rand.Read(key[:])
	name := personKey(person)
	return newAEAD(key[:]), s.PutSecret(name, s.key.Seal(nil, nil, key[:], []byte(name)))
}

// CheckSealingKey returns an error where personal data is sealed with another
// key than that of this Service, so that a start fails and not a sign-in.
func (s *Service) CheckSealingKey(ctx context.Context) error {
	_, err := s.accounts(ctx)
	return err
}
