package control_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

// sealing puts a Service over the same store that seals what is personal.
func (w *world) sealing(key *control.SealingKey) *world {
	out := *w
	out.Service = control.New(control.Options{
		Store: w.db, Usage: w.db, Now: w.now, Origin: "test", Version: "v0", Logger: slog.New(slog.DiscardHandler), Sealing: key,
	})
	return &out
}

func (w *world) somebody(t *testing.T, name string) control.Account {
	t.Helper()
	a, err := w.CreateAccount(t.Context(), root, control.Account{
		Kind: control.KindHuman, Name: "Dr. " + name, Email: name + "@example.com", Role: control.RoleViewer,
		Identities: []control.Identity{{Issuer: "https://id.example.com", Subject: "sub-" + name}},
	})
	check(t, err)
	return a
}

func (w *world) verifies(t *testing.T) {
	t.Helper()
	check(t, w.db.ViewLog(t.Context(), func(log audit.FollowedLog) error {
		r, err := audit.Verify(log, audit.Options{Parent: control.ParentOf})
		for _, f := range r.Findings {
			if f.Fault != audit.FaultUnsigned {
				t.Errorf("after an erasure: %s", f)
			}
		}
		return err
	}))
}

// what is known of a person is sealed wherever it is stored, erased with
// the key, and everything still verifies.
func TestErasurePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t).sealing(&control.SealingKey{1})
	ada, eve := w.somebody(t, "lovelace"), w.somebody(t, "eve")
	name := "Countess lovelace"
	from := w.head(t).Size
	changed, err := w.EditAccount(t.Context(), root, ada.ID, control.AccountEdit{Name: &name})
	check(t, err)
	again, err := w.EditAccount(t.Context(), root, ada.ID, control.AccountEdit{Name: &name})
	check(t, err)
	diff(t, "an account as it is read", changed, again)
	records := w.since(t, from)
	diff(t, "records", []string{"user.update"}, types(records))
	sealed := []string{}
	for _, s := range records[0].Seal {
		sealed = append(sealed, s.P+" "+s.K)
	}
	diff(t, "commitments in the record", []string{"/email u_1", "/identities u_1", "/name u_1"}, sealed)
	w.absent(t, "lovelace")

	erasure, err := w.Erase(t.Context(), root, ada.ID, "asked for on 3 November")
	check(t, err)
	if erasure.Clear != 0 {
		t.Errorf("%d revisions still show the person", erasure.Clear)
	}
	diff(t, "records", []string{"user.update", "user.delete", "audit.erasure"}, types(w.since(t, from)))
	check(t, w.db.View(t.Context(), func(tx control.ReadTx) error {
		if _, err := tx.Secret("person/" + ada.ID); control.KindOf(err) != control.NotFound {
			t.Errorf("the key is still there: %v", err)
		}
		return nil
	}))
	_, err = w.Account(t.Context(), root, ada.ID)
	wantErr(t, err, control.NotFound, "account")
	other, err := w.Account(t.Context(), root, eve.ID)
	check(t, err)
	diff(t, "somebody else", eve, other)
	w.verifies(t)

	_, err = w.Erase(t.Context(), root, ada.ID, "again")
	wantErr(t, err, control.Exists, "person")
	_, err = w.Erase(t.Context(), root, "sa_7", "a machine")
	wantErr(t, err, control.Invalid, "person")
	_, err = w.Erase(t.Context(), root, eve.ID, "")
	wantErr(t, err, control.Invalid, "reason")
	_, err = w.Erase(t.Context(), may(control.Scope{}, control.PermUserWrite), eve.ID, "by whoever may delete accounts")
	wantErr(t, err, control.Denied, "audit.erase")
}

// absent fails where a text is in any file of the database.
func (w *world) absent(t *testing.T, text string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	check(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		check(t, err)
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("%s holds %q", filepath.Base(f), text)
		}
	}
}

func TestErasureUnderHold(t *testing.T) {
	t.Parallel()
	for _, held := range []string{"u_1", control.All} {
		w := newWorld(t).sealing(&control.SealingKey{1})
		ada := w.somebody(t, "ada")
		_, err := w.SetHold(t.Context(), root, held, "case 12/2026")
		check(t, err)
		_, err = w.Erase(t.Context(), root, ada.ID, "asked for")
		wantCode(t, err, "legal_hold")
		_, err = w.Account(t.Context(), root, ada.ID)
		check(t, err)
		wantErr(t, w.ReleaseHold(t.Context(), may(control.Scope{}, control.PermAuditErase), held), control.Denied, "audit.hold")
		check(t, w.ReleaseHold(t.Context(), root, held))
		_, err = w.Erase(t.Context(), root, ada.ID, "asked for")
		check(t, err)
		w.verifies(t)
	}
}

// What was written before personal data was sealed is read as it was, sealed
// with the next change, and counted by an erasure.
func TestErasureOfWhatWasClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.somebody(t, "ada")
	w = w.sealing(&control.SealingKey{1})
	read, err := w.Account(t.Context(), root, ada.ID)
	check(t, err)
	diff(t, "a clear account", ada, read)
	name := "Countess"
	_, err = w.EditAccount(t.Context(), root, ada.ID, control.AccountEdit{Name: &name})
	check(t, err)
	erasure, err := w.Erase(t.Context(), root, ada.ID, "asked for")
	check(t, err)
	if erasure.Clear != 1 {
		t.Errorf("%d revisions still show the person, want 1", erasure.Clear)
	}
	w.verifies(t)
}

func TestSealingKeyIsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t).sealing(&control.SealingKey{1})
	w.somebody(t, "ada")
	check(t, w.CheckSealingKey(t.Context()))
	for name, key := range map[string]*control.SealingKey{"another": {2}, "none": nil} {
		t.Run(name, func(t *testing.T) { wantCode(t, w.sealing(key).CheckSealingKey(t.Context()), "sealing_key") })
	}
}

// A backup from before an erasure holds the key of the person: it is honest
// about that, and whoever has the sealing key reads it.
func TestErasureIsNotInBackups(t *testing.T) {
	t.Parallel()
	w := newWorld(t).sealing(&control.SealingKey{1})
	ada := w.somebody(t, "ada")
	dir := filepath.Join(t.TempDir(), "backup")
	check(t, w.db.Backup(t.Context(), dir))
	_, err := w.Erase(t.Context(), root, ada.ID, "asked for")
	check(t, err)
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	then := (&world{db: db, clock: w.clock}).sealing(&control.SealingKey{1})
	read, err := then.Account(t.Context(), root, ada.ID)
	check(t, err)
	diff(t, "the account in the backup", ada, read)
}
