package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// loadSealingKey reads the file of the key that personal data is sealed under:
// 32 bytes in base64. Where there is none it makes one, mode 0600.
func loadSealingKey(file string) (*control.SealingKey, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSealingKey(file); err != nil {
			return nil, fmt.Errorf("making the sealing key: %w (--sealing-key says where it is)", err)
		}
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sealing key: %w", err)
	}
	var key control.SealingKey
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || copy(key[:], raw) != len(key) || len(raw) != len(key) {
		return nil, fmt.Errorf("reading the sealing key: %s does not hold %d bytes in base64", file, len(key))
	}
	return &key, nil
}

func makeSealingKey(file string) error {
	var key control.SealingKey
	_, _ = rand.Read(key[:]) // never fails (crypto/rand since Go 1.24)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return place(file, base64.StdEncoding.EncodeToString(key[:]), 0o600)
}
