package e2e

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// disk is a directory of files in memory, mounted by FUSE, that a power cut does
// to what it does to a real one: of what was written since a file was last synced
// some is lost, and so are names that neither their file's sync nor the
// directory's made last.
type disk struct {
	path   string
	rand   *rand.Rand
	server *fuse.Server

	mu   sync.Mutex
	live map[string]*inode // by name
	kept map[string]*inode // that a power cut leaves
	lost int               // writes that were undone so far
}

// inode is a file.
type inode struct {
	disk *disk
	data []byte
	base []byte   // as of its last sync
	log  []change // since then
}

// change is a write, or where data is nil a change of the size.
type change struct {
	at   int64
	data []byte
}

// newDisk mounts an empty one until the test ends.
func newDisk(t *testing.T, seed uint64) *disk {
	t.Helper()
	d := &disk{path: t.TempDir(), rand: rand.New(rand.NewPCG(seed, 1)), live: map[string]*inode{}, kept: map[string]*inode{}}
	d.mount(t)
	t.Cleanup(func() { d.unmount(t) })
	return d
}

func (d *disk) mount(t *testing.T) {
	t.Helper()
	root := &directory{disk: d}
	server, err := fs.Mount(d.path, root, &fs.Options{MountOptions: fuse.MountOptions{Name: "powercut", DirectMount: true, DisableXAttrs: true}})
	if err != nil {
		t.Fatalf("mounting by FUSE, which takes /dev/fuse and root or fusermount3: %v", err)
	}
	d.server = server
}

func (d *disk) unmount(t *testing.T) {
	t.Helper()
	if err := d.server.Unmount(); err != nil {
		t.Error(err)
	}
}

// cut is a power cut. Nobody may have a file open.
func (d *disk) cut(t *testing.T) {
	t.Helper()
	d.unmount(t)
	d.mu.Lock()
	for name, f := range d.live {
		if d.kept[name] == nil && d.rand.IntN(2) == 0 {
			d.kept[name] = f // the name got there in time
		}
	}
	for _, f := range d.kept {
		d.lost += f.cut(d.rand)
	}
	d.live = maps.Clone(d.kept)
	d.mu.Unlock()
	d.mount(t)
}

// cut leaves nothing of what was not synced, or any part of it, and returns how
// many changes are lost.
func (f *inode) cut(r *rand.Rand) (lost int) {
	all := r.IntN(2) == 0
	log := f.log
	f.data, f.log = slices.Clone(f.base), nil
	for _, c := range log {
		if all || r.IntN(2) == 0 {
			lost++
			continue
		}
		f.apply(c)
	}
	f.sync()
	return lost
}

func (f *inode) apply(c change) {
	end := c.at + int64(len(c.data))
	if c.data == nil {
		f.data = f.data[:min(c.at, int64(len(f.data)))]
	}
	if grow := end - int64(len(f.data)); grow > 0 {
		f.data = append(f.data, make([]byte, grow)...)
	}
	copy(f.data[c.at:], c.data)
}

func (f *inode) change(c change) {
	f.log = append(f.log, c)
	f.apply(c)
}

// sync makes what there is last. A base is copied no further than it has changed.
func (f *inode) sync() {
	if len(f.base) != len(f.data) {
		f.base = append(f.base[:min(len(f.base), len(f.data))], f.data[min(len(f.base), len(f.data)):]...)
	}
	for _, c := range f.log {
		if at := min(c.at, int64(len(f.base))); c.data != nil {
			copy(f.base[at:], f.data[at:min(c.at+int64(len(c.data)), int64(len(f.data)))])
		} else {
			copy(f.base[at:], f.data[at:])
		}
	}
	f.log = nil
}

// directory is the only one there is.
type directory struct {
	fs.Inode
	disk *disk
}

var (
	_ fs.NodeOnAdder   = (*directory)(nil)
	_ fs.NodeCreater   = (*directory)(nil)
	_ fs.NodeLinker    = (*directory)(nil)
	_ fs.NodeUnlinker  = (*directory)(nil)
	_ fs.NodeRenamer   = (*directory)(nil)
	_ fs.NodeFsyncer   = (*directory)(nil)
	_ fs.NodeGetattrer = (*directory)(nil)
)

// OnAdd implements fs.NodeOnAdder.
func (n *directory) OnAdd(ctx context.Context) {
	for name, f := range n.disk.live {
		n.AddChild(name, n.NewPersistentInode(ctx, &file{f: f}, fs.StableAttr{Mode: fuse.S_IFREG}), true)
	}
}

// Getattr implements fs.NodeGetattrer.
func (n *directory) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = 0o700
	return 0
}

// Create implements fs.NodeCreater.
func (n *directory) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	f := &inode{disk: n.disk}
	n.disk.live[name] = f
	out.Mode, out.Nlink = 0o600, 1
	return n.NewPersistentInode(ctx, &file{f: f}, fs.StableAttr{Mode: fuse.S_IFREG}), nil, 0, 0
}

// Link implements fs.NodeLinker.
func (n *directory) Link(_ context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	to, ok := target.(*file)
	if !ok {
		return nil, syscall.EPERM
	}
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.disk.live[name] = to.f
	out.Mode, out.Nlink, out.Size = fuse.S_IFREG|0o600, 1, uint64(len(to.f.data))
	return to.EmbeddedInode(), 0
}

// Unlink implements fs.NodeUnlinker.
func (n *directory) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	delete(n.disk.live, name)
	return 0
}

// Rename implements fs.NodeRenamer.
func (n *directory) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.disk.live[to] = n.disk.live[name]
	delete(n.disk.live, name)
	return 0
}

// Fsync implements fs.NodeFsyncer.
func (n *directory) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.disk.kept = maps.Clone(n.disk.live)
	return 0
}

// file is a file's inode as FUSE sees it.
type file struct {
	fs.Inode
	f *inode
}

var (
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeFsyncer   = (*file)(nil)
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeSetattrer = (*file)(nil)
)

// Open implements fs.NodeOpener.
func (n *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) { return nil, 0, 0 }

// Read implements fs.NodeReader.
func (n *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	n.f.disk.mu.Lock()
	defer n.f.disk.mu.Unlock()
	size := int64(len(n.f.data))
	return fuse.ReadResultData(slices.Clone(n.f.data[min(at, size):min(at+int64(len(dest)), size)])), 0
}

// Write implements fs.NodeWriter.
func (n *file) Write(_ context.Context, _ fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	n.f.disk.mu.Lock()
	defer n.f.disk.mu.Unlock()
	n.f.change(change{at, slices.Clone(data)})
	return uint32(len(data)), 0
}

// Fsync implements fs.NodeFsyncer. A file that lasts has a name.
func (n *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d := n.f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	n.f.sync()
	for name, f := range d.live {
		if f == n.f {
			d.kept[name] = f
		}
	}
	return 0
}

// Getattr implements fs.NodeGetattrer.
func (n *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.f.disk.mu.Lock()
	defer n.f.disk.mu.Unlock()
	out.Mode, out.Nlink, out.Size = 0o600, 1, uint64(len(n.f.data))
	return 0
}

// Setattr implements fs.NodeSetattrer. It knows of sizes alone.
func (n *file) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		n.f.disk.mu.Lock()
		switch now := int64(len(n.f.data)); {
		case int64(size) < now:
			n.f.change(change{at: int64(size)})
		case int64(size) > now:
			n.f.change(change{now, make([]byte, int64(size)-now)})
		}
		n.f.disk.mu.Unlock()
	}
	return n.Getattr(ctx, h, out)
}
