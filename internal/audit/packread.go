package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// VerifyPack verifies a pack of size bytes, as Verify does a log. It reads the
// file three times, in pieces, and from two goroutines at once. Every changed
// byte is a finding, and so is an end that comes too early. The error is that of
// r.
func VerifyPack(r io.ReaderAt, size int64, opts Options) (Report, error) {
	var report Report
	p, err := openPack(r, size)
	if err == nil {
		report, err = p.verify(opts)
	}
	if fault, ok := errors.AsType[*packError](err); ok {
		report.add(fault.fault, -1, "%s", fault.what)
		err = nil
	}
	if err != nil {
		return report, fmt.Errorf("verify a pack: %w", err)
	}
	return report, nil
}

// packError is a fault in the form of a pack, which ends its reading.
type packError struct {
	fault Fault
	what  string
}

func (e *packError) Error() string { return e.what }

func malformed(format string, args ...any) error {
	return &packError{FaultPack, fmt.Sprintf(format, args...)}
}

// pack is a Log in a file. It keeps no hashes, and its head is what its
// checkpoint says.
type pack struct {
	parts [len(lineKinds)]*io.SectionReader // the lines of each kind
	body  *io.SectionReader                 // all lines but the last
	last  string                            // the last line
	note  string
}

// lineKinds is the order of the parts.
var lineKinds = [...]string{lineHeader, lineKey, lineNote, lineLeaf, lineResource, lineDigest}

// openPack reads a pack once, for where its parts are.
func openPack(r io.ReaderAt, size int64) (*pack, error) {
	p := &pack{}
	var begins [len(lineKinds) + 1]int64
	at, last := int64(0), -1
	for line, err := range lines(io.NewSectionReader(r, 0, size)) {
		if err != nil {
			return nil, err
		}
		kind := kindOf(line)
		if kind < max(last, 0) || kind == last && once(lineKinds[kind]) || last < 0 && string(line) != packHeader+"\n" {
			return nil, malformed("a line that is not in its place: %.60q", line)
		}
		for last < kind {
			last++
			begins[last] = at
		}
		if at += int64(len(line)); lineKinds[kind] == lineDigest {
			p.last = string(line)
		}
	}
	if last < len(lineKinds)-1 {
		return nil, &packError{FaultTruncated, "the pack has no last line"}
	}
	begins[len(lineKinds)] = at
	p.body = io.NewSectionReader(r, 0, begins[len(lineKinds)-1])
	for i := range p.parts {
		p.parts[i] = io.NewSectionReader(r, begins[i], begins[i+1]-begins[i])
		if once(lineKinds[i]) && p.parts[i].Size() == 0 {
			return nil, malformed("there is no line %s", lineKinds[i])
		}
	}
	return p, p.readNote()
}

// kindOf returns the index of a line's kind, -1 where it has none.
func kindOf(line []byte) int {
	word, _, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	return slices.Index(lineKinds[:], string(word))
}

// once reports whether a pack has exactly one line of the kind.
func once(kind string) bool { return kind != lineNote && kind != lineLeaf && kind != lineResource }

// maxNote bounds the lines of a checkpoint in bytes: 100 signatures fit.
const maxNote = 1 << 17

func (p *pack) readNote() error {
	var text strings.Builder
	for line, err := range p.part(lineNote) {
		if err != nil {
			return err
		}
		if text.Len() > maxNote {
			return malformed("a checkpoint of more than %d bytes", maxNote)
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	p.note = text.String()
	return nil
}

func (p *pack) verify(opts Options) (Report, error) {
	if opts.Keys == nil {
		for vkey, err := range p.part(lineKey) {
			if err != nil {
				return Report{}, err
			}
			if opts.Keys, err = Verifiers(string(vkey)); err != nil {
				return Report{}, malformed("%v", err)
			}
		}
	}
	hashed := make(chan hashed, 1)
	go func() { hashed <- p.hash() }()
	report, err := Verify(p, opts)
	body := <-hashed
	if body.err == nil && p.last != body.line {
		report.add(FaultDigest, -1, "the bytes of the pack do not have the hash in its last line")
	}
	return report, cmp.Or(err, body.err)
}

// hashed is the last line that a pack should have.
type hashed struct {
	line string
	err  error
}

func (p *pack) hash() hashed {
	digest := sha256.New()
	_, err := io.Copy(digest, p.body)
	return hashed{digestLine(digest), err}
}

// part returns the lines of a kind without the word and the line's end.
func (p *pack) part(kind string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		section := p.parts[slices.Index(lineKinds[:], kind)]
		for line, err := range lines(io.NewSectionReader(section, 0, section.Size())) {
			value := bytes.TrimSuffix(bytes.TrimPrefix(line, []byte(kind)), []byte("\n"))
			if !yield(bytes.TrimPrefix(value, []byte(" ")), err) {
				return
			}
		}
	}
}

// Head implements Log.
func (p *pack) Head() (int64, Hash, error) {
	c, err := unverified(p.note)
	if err != nil {
		return 0, Hash{}, malformed("%v", err)
	}
	return c.Size, c.Root, nil
}

// Leaves implements Log. A record is valid until the next one is read.
func (p *pack) Leaves() iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		for line, err := range p.part(lineLeaf) {
			number, record, _ := bytes.Cut(line, []byte(" "))
			seq, bad := parseCount(string(number))
			if err == nil && bad != nil {
				err = malformed("a leaf without a number: %.60q", line)
			}
			if !yield(Leaf{Seq: seq, Record: record}, err) || err != nil {
				return
			}
		}
	}
}

// Hashes implements Log: there are none.
func (p *pack) Hashes() iter.Seq2[StoredHash, error] { return nil }

// Checkpoints implements Log.
func (p *pack) Checkpoints() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(p.note, nil) }
}

// Revisions implements Log: there are none.
func (p *pack) Revisions() iter.Seq2[Revision, error] { return nil }

// Blobs implements Log: there are none.
func (p *pack) Blobs() iter.Seq2[Blob, error] { return nil }

// HasBlob implements Log.
func (p *pack) HasBlob(string) (bool, error) { return false, nil }

// Documents implements Log.
func (p *pack) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for line, err := range p.part(lineResource) {
			var d Document
			if err == nil && json.Unmarshal(line, &d) != nil {
				err = malformed("a resource that is not JSON: %.60q", line)
			}
			d.hashOnly = d.Doc == nil
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// maxLine bounds a line of a pack in bytes, so that a hostile file cannot fill
// the memory. A document in base64 is the longest.
const maxLine = 64 << 20

// lines returns the lines of r with their ends. A line is valid until the next
// one is read; one without an end is a truncated pack.
func lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, 0, 1<<16), maxLine)
		s.Split(splitLine)
		for s.Scan() {
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		err := s.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = malformed("a line of more than %d bytes", maxLine)
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// splitLine is a [bufio.SplitFunc] that leaves every byte where it is, unlike
// bufio.ScanLines.
func splitLine(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, &packError{FaultTruncated, "the pack ends within a line"}
	}
	return 0, nil, nil
}
