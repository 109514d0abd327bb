package audit

import (
	"bytes"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	key := testKey(b, testOrigin, 'k')
	log := newLog(b, 100_000, key)
	log.checkpoints = log.checkpoints[:100]
	keys := testVerifiers(b, key)
	var file bytes.Buffer
	if err := Export(&file, log, ExportOptions{VerifierKey: key.VerifierKey()}); err != nil {
		b.Fatal(err)
	}

	b.Run("log/records=100000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if report, err := Verify(log, Options{Keys: keys}); err != nil || !report.OK() {
				b.Fatal(err, report.Findings)
			}
		}
	})
	b.Run("pack/records=100000", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(file.Len()))
		for b.Loop() {
			report, err := VerifyPack(bytes.NewReader(file.Bytes()), int64(file.Len()), Options{Keys: keys})
			if err != nil || !report.OK() {
				b.Fatal(err, report.Findings)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	log := newLog(b, 1000, testKey(b, testOrigin, 'k'))
	record := log.leaves[0].Record
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Append(log.size, record, log); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	r, err := Decode(newLog(b, 10, testKey(b, testOrigin, 'k')).leaves[9].Record)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(r); err != nil {
			b.Fatal(err)
		}
	}
}
