#!/usr/bin/env python3
"""Verify a pack of `lockflight audit export`, with Python's standard library alone.

    verify_pack.py PACK [VKEY]

It shares no code with Lockflight: it was written from the format of the pack
(docs/verify/README.md), RFC 9162 section 2.1 for the tree, C2SP signed-note for
the checkpoint and RFC 8032 for Ed25519. Exit code 0: in order. 1: it is not, and
each line says why. 2: wrong usage. Give VKEY from elsewhere: the key in the pack
shows only that the pack agrees with itself.
"""
import base64
import hashlib
import json
import sys
from datetime import datetime, timedelta

# Ed25519, RFC 8032 section 5.1: verification only, so nothing here is secret.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """Adds two points in extended coordinates (x, y, z, t)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    w, x, y, z = f - e, d - c, d + c, f + e
    return w * x % P, y * z % P, x * y % P, w * z % P


def times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, point)
        point, n = add(point, point), n >> 1
    return out


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(public, message, signature):
    a, r, s = decompress(public), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def root_of(leaves):
    """The tree's root, RFC 9162 section 2.1.1, by the perfect subtrees of its edge."""
    peaks = []  # (level, hash)
    for leaf in leaves:
        level, node = 0, leaf
        while peaks and peaks[-1][0] == level:
            node = hashlib.sha256(b"\x01" + peaks.pop()[1] + node).digest()
            level += 1
        peaks.append((level, node))
    if not peaks:
        return hashlib.sha256(b"").digest()
    root = peaks.pop()[1]
    while peaks:
        root = hashlib.sha256(b"\x01" + peaks.pop()[1] + root).digest()
    return root


def checkpoint(note, vkey):
    """Returns (size, root) of a signed note; it raises ValueError where nobody vouches for it."""
    text, _, signatures = note.partition(b"\n\n")
    lines = text.split(b"\n")
    name, _, blob = vkey.split("+", 2)
    key = base64.b64decode(blob, validate=True)
    key_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if lines[0].decode() != name or key[0] != 1:
        raise ValueError("the checkpoint is of another log than the key")
    for line in signatures.split(b"\n"):
        dash, _, rest = line.decode().partition(" ")
        who, _, blob = rest.partition(" ")
        raw = base64.b64decode(blob, validate=True)
        if dash == "\u2014" and who == name and raw[:4] == key_id:  # others are ignored
            if base64.b64encode(raw).decode() == blob and signed_by(key[1:], text + b"\n", raw[4:]):
                return int(lines[1]), base64.b64decode(lines[2], validate=True)
            raise ValueError("the checkpoint's signature is wrong")
    raise ValueError("the checkpoint is not signed by the log's key")


KINDS = [b"lockflight-audit-pack", b"vkey", b"note", b"leaf", b"resource", b"sha256"]


def verify(data, vkey=None):
    """Returns what is wrong with a pack, a sentence each."""
    found, parts, at = [], {k: [] for k in KINDS}, 0
    body, newline, last = data[:-1].rpartition(b"\n")
    if last != b"sha256 " + hashlib.sha256(body + newline).hexdigest().encode() or data[-1:] != b"\n":
        found.append("the last line is not the hash of what is before it")
    for line in data.split(b"\n")[:-1]:
        kind, _, rest = line.partition(b" ")
        if kind not in KINDS or KINDS.index(kind) < at:
            return found + ["a line that is not in its place: %r" % line[:60]]
        at = KINDS.index(kind)
        parts[kind].append(rest)
    if parts[KINDS[0]] != [b"v1"] or len(parts[b"vkey"]) != 1 or len(parts[b"sha256"]) != 1:
        return found + ["not a pack of version 1, or not all of one"]
    size, root = None, None
    try:
        size, root = checkpoint(b"\n".join(parts[b"note"]), vkey or parts[b"vkey"][0].decode())
    except (ValueError, IndexError, UnicodeDecodeError) as e:
        found.append(str(e))
    records, last_time, state = [], datetime.min, {}
    for line in parts[b"leaf"]:
        number, _, record = line.partition(b" ")
        records.append(hashlib.sha256(b"\x00" + record).digest())
        try:
            r = json.loads(record)
            when = datetime.strptime(r["ts"], "%Y-%m-%dT%H:%M:%S.%fZ")
        except (ValueError, KeyError, TypeError):
            found.append("record %s cannot be read" % number.decode())
            continue
        if number != str(len(records) - 1).encode() or r.get("seq") != len(records) - 1:
            found.append("record %s is in place %d" % (number.decode(), len(records) - 1))
        if when + timedelta(seconds=2) < last_time:
            found.append("record %s is older than one before it" % number.decode())
        last_time = max(last_time, when)
        res = r.get("res", {})
        if r.get("outcome", "success") != "success" or not {"rev0", "rev1", "h0", "h1"} & res.keys():
            continue
        key = res.get("type"), res.get("key")
        rev, digest, count = state.get(key, (0, "", 0))
        if (res.get("rev0", 0), res.get("h0", "")) != (rev, digest) or res.get("rev1", 0) not in (0, count + 1):
            found.append("record %s does not follow on what was before of %s %s" % (number.decode(), *key))
        state[key] = (res["rev1"], res["h1"], res["rev1"]) if res.get("h1") else (0, "", count)
    if size is not None and size != len(records):
        found.append("the checkpoint is over %d records, and there are %d" % (size, len(records)))
    elif root is not None and root != root_of(records):
        found.append("the records do not have the root that was signed")
    for line in parts[b"resource"]:
        try:
            d = json.loads(line)
            if "doc" in d and d["hash"] != "sha256:" + hashlib.sha256(base64.b64decode(d["doc"])).hexdigest():
                found.append("the document of %(kind)s %(key)s does not have its hash" % d)
            if state.pop((d["kind"], d["key"]), (0, "", 0))[:2] != (d["rev"], d["hash"]):
                found.append("%(kind)s %(key)s is not as the log left it" % d)
        except (ValueError, KeyError, TypeError):
            found.append("a resource cannot be read: %r" % line[:60])
    return found + ["%s %s is missing" % key for key, value in state.items() if value[1]]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    with open(sys.argv[1], "rb") as pack:
        findings = verify(pack.read(), *sys.argv[2:])
    print("\n".join(findings) or "ok")
    sys.exit(1 if findings else 0)
