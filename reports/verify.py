"""Prove offline that a bundle of books is whole, signed and unchanged.

One file of Python's standard library; it needs no Poolbook and travels in every bundle:

    python3 verify.py BUNDLE.zip [--since OLDER] [--evidence FILES.zip] [--key KEYLINE] [--json]
    python3 verify.py ENTRY.tlog-proof --key KEYLINE
    python3 verify.py GROWTH.txt --since OLDER --key KEYLINE

What is checked of a bundle: every byte of the file; the signature over the log's size and root;
that the root follows from the log's lines (RFC 9162); that every line is canonical and every
entry balances per fund, layer and commodity; that the trial balance follows from the entries;
with --since, that an older checkpoint or bundle is a beginning of this log; and, with --evidence,
that each attached file is the one that was sealed. It proves that nothing was changed since, not
that what was written down is true.

A proof of one entry (C2SP tlog-proof) shows that it is in the signed log; a proof of growth (as in
C2SP tlog-witness) that an older checkpoint is a beginning of a newer one.
"""

import argparse
import hashlib
import io
import json
import struct
import sys
import zipfile
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

NAMES = (
    *("README.txt", "checkpoint.txt", "hashes.txt", "key.txt"),
    *("log.jsonl", "manifest.txt", "trial-balance.csv", "verify.py"),
)
DASH = "\u2014"
MAX_BYTES = 4 * 1024**3
ONE_ENTRY = "c2sp.org/tlog-proof@v1"
# Whatever a file that is none of ours may make Python say.
UNREADABLE = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError),
    *(EOFError, OSError, struct.error, zipfile.BadZipFile, zlib.error),
)

ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

# Ed25519 (RFC 8032, section 5.1): the curve's prime, order and constants.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT, BASE = pow(2, (P - 1) // 4, P), b"\x58" + b"\x66" * 31
Point = tuple[int, int, int, int]


class Refused(Exception):
    """The bundle does not prove what it should; the message says where."""


def verify(bundle: bytes, *, since: bytes | None = None, key: str | None = None) -> dict[str, Any]:
    """Verify a bundle and return size and root. Raises Refused, naming the first difference."""
    files = unpack(bundle)
    line = files["key.txt"].decode().strip()
    if key is not None and key.strip() != line:
        raise Refused("key.txt: the bundle is signed with another key than the one you trust")
    manifest = read_note(files["manifest.txt"].decode(), line, "manifest.txt")
    note = read_note(files["checkpoint.txt"].decode(), line, "checkpoint.txt")
    origin, size, root = parse_checkpoint(note)
    lines = files["log.jsonl"].split(b"\n")
    if lines.pop() != b"":
        raise Refused("log.jsonl: the last line is cut off")
    if len(lines) != size:
        raise Refused(f"log.jsonl: {len(lines)} lines, the checkpoint says {size}")
    if since is not None:
        check_since(since, lines, line, origin)
    hashes = [leaf_hash(data) for data in lines]
    if root_of(hashes) != root:
        raise Refused(f"log.jsonl: {first_wrong(note, lines, files['hashes.txt'])}")
    named = {line[66:]: line[:64] for line in manifest.splitlines()}
    for name in NAMES:
        if name != "manifest.txt" and named.get(name) != hashlib.sha256(files[name]).hexdigest():
            raise Refused(f"{name}: it is not the file that was signed")
    balances = check_entries(lines)
    if balance_csv(balances) != files["trial-balance.csv"].decode():
        raise Refused("trial-balance.csv: it does not follow from the entries")
    return {"ok": True, "size": size, "root": root.hex(), "first_difference": None}


def check_evidence(lines: list[bytes], archive: bytes) -> dict[str, list[str]]:
    """Compare attached files with the log, which holds SHA-256 over the nonce and bytes of each."""
    found: dict[str, list[str]] = {w: [] for w in ("matching", "changed", "missing", "erased")}
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        told = {one["id"]: one for one in json.loads(files.read("manifest.json"))["files"]}
        if sum(info.file_size for info in files.infolist()) > MAX_BYTES:
            raise Refused("evidence: the file is too large")
        for document in map(json.loads, lines):
            if document["kind"] != "evidence":
                continue
            name = document["id"]
            one = told.get(name, {})
            if one.get("erased"):
                found["erased"].append(f"{name}: {one['erased']}")
            elif one.get("file") not in files.namelist():
                found["missing"].append(name)
            else:
                digest = hashlib.sha256(bytes.fromhex(one["nonce"]) + files.read(one["file"]))
                same = digest.hexdigest() == document["commitment"]
                found["matching" if same else "changed"].append(name)
    return found


def unpack(bundle: bytes) -> dict[str, bytes]:
    """Return the files of a bundle; refuse a single byte that is not as it was packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise Refused(f"the file cannot be unpacked: {error}") from error
    if tuple(info.filename for info in infos) != NAMES:
        raise Refused("the file does not hold what a bundle holds")
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise Refused("the file is too large")
    files = {}
    for info in infos:
        # As they lie there: a checksum that fails would not say which line was changed.
        start = info.header_offset + 30 + len(info.filename)
        files[info.filename] = bundle[start : start + info.file_size]
    if pack(files) != bundle:
        raise Refused(changed(files))
    return files


def changed(files: dict[str, bytes]) -> str:
    """Say, as well as it can be told, what was changed in a bundle after it was packed."""
    lines = files["log.jsonl"].split(b"\n")
    hashes = files["hashes.txt"].split()
    for number, (line, told) in enumerate(zip(lines, hashes, strict=False), start=1):
        if leaf_hash(line).hex().encode() != told:
            return f"log.jsonl or hashes.txt: line {number} was changed: {subject(line)}"
    for told in files["manifest.txt"].split(b"\n"):
        name = told[66:].decode(errors="replace")
        if name in files and hashlib.sha256(files[name]).hexdigest().encode() != told[:64]:
            return f"{name} was changed after it was packed"
    return "the file was changed after it was packed"


def pack(files: dict[str, bytes]) -> bytes:
    """Return a bundle: fixed names in order, no times, no compression; equal in, equal out."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in NAMES:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return out.getvalue()


def parse_checkpoint(note: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint's text (C2SP tlog-checkpoint)."""
    lines = note.split("\n")
    if len(lines) < 4 or not lines[1].isascii() or not lines[1].isdigit():
        raise Refused("checkpoint.txt: it is not a checkpoint")
    return lines[0], int(lines[1]), b64decode(lines[2], validate=True)


def check_since(since: bytes, lines: list[bytes], key: str, origin: str) -> None:
    """Show that an older checkpoint, or an older bundle, is the beginning of this log."""
    if since.startswith(b"PK"):
        older = unpack(since)
        note = read_note(older["checkpoint.txt"].decode(), key, "older checkpoint.txt")
        for number, old in enumerate(older["log.jsonl"].split(b"\n")[:-1]):
            if number >= len(lines) or lines[number] != old:
                raise Refused(f"since: the logs first differ at line {number + 1}: {subject(old)}")
    else:
        note = read_note(since.decode(), key, "since")
    old_origin, size, root = parse_checkpoint(note)
    if old_origin != origin:
        raise Refused(f"since: it is a checkpoint of {old_origin}, not of {origin}")
    hashes = [leaf_hash(data) for data in lines]
    if size > len(lines) or root_of(hashes[:size]) != root:
        where = first_wrong(note, lines)
        raise Refused(f"since: this log does not begin with the older one; {where}")


def first_wrong(note: str, lines: list[bytes], listed: bytes = b"") -> str:
    """Return where a log first differs from a checkpoint.

    Exactly, where the list of hashes is the one that the root is over; else as closely as the
    checkpoint's prefixes tell.
    """
    _origin, size, root = parse_checkpoint(note)
    hashes = [leaf_hash(data) for data in lines]
    known = [bytes.fromhex(text) for text in listed.decode().split()]
    if len(known) == size and root_of(known) == root:
        for number, (found, right) in enumerate(zip(hashes, known, strict=False)):
            if found != right:
                return f"the first difference is line {number + 1}: {subject(lines[number])}"
    sound = 0
    for line in note.splitlines()[3:]:
        word, text, prefix = line.split(" ")
        if word != "prefix" or int(text) > len(hashes):
            break
        if root_of(hashes[: int(text)]) != b64decode(prefix):
            return f"the first difference is in lines {sound + 1} to {text}"
        sound = int(text)
    return f"the first difference is after line {sound}"


def verify_entry(proof: str, key: str) -> dict[str, Any]:
    """Verify that one line is in a signed log (RFC 9162, 2.1.3.2). Raises Refused."""
    head, _, note = proof.partition("\n\n")
    form, extra, place, *path = head.split("\n")
    line = decoded(extra.removeprefix("extra "))
    index = int(place.removeprefix("index "))
    again = [ONE_ENTRY, f"extra {b64encode(line).decode()}", f"index {index}", *path]
    if [form, extra, place, *path] != again:
        raise Refused("the proof is not in the form of a proof of one entry")
    _origin, size, root = parse_checkpoint(read_note(note, key, "the checkpoint"))
    parts = [decoded(text) for text in path]
    if not 0 <= index < size or reached(leaf_hash(line), index, size, parts) != root:
        raise Refused(f"the proof does not lead from {subject(line)} to the signed root")
    found = {"ok": True, "size": size, "root": root.hex(), "first_difference": None}
    return {**found, "line": index + 1, "subject": json.loads(line)}


def reached(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root that a path leads to from a leaf; None for a path of another length."""
    fn, sn, node = index, size - 1, leaf
    for part in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            node = node_hash(part, node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, part)
        fn, sn = fn >> 1, sn >> 1
    return node if sn == 0 else None


def verify_growth(proof: str, since: bytes, key: str) -> dict[str, Any]:
    """Verify that an older checkpoint is a beginning of a newer (2.1.4.2). Raises Refused."""
    head, _, note = proof.partition("\n\n")
    first, *path = head.split("\n")
    old_note = unpack(since)["checkpoint.txt"] if since.startswith(b"PK") else since
    origin, size, root = parse_checkpoint(read_note(note, key, "the newer checkpoint"))
    older = parse_checkpoint(read_note(old_note.decode(), key, "the older checkpoint"))
    if older[0] != origin or first != f"old {older[1]}":
        raise Refused("the proof is not about the older checkpoint that was given")
    if not grown(older[1], size, older[2], root, [decoded(text) for text in path]):
        raise Refused(f"the log of {older[1]} lines is not shown to be a beginning of this one")
    return {"ok": True, "size": size, "root": root.hex(), "first_difference": None}


def grown(old: int, size: int, old_root: bytes, root: bytes, path: list[bytes]) -> bool:
    """Tell whether a path shows one tree to be the beginning of another."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    parts = path if old & (old - 1) else [old_root, *path]
    if not parts:
        return False
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    left = right = parts[0]
    for part in parts[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            left, right = node_hash(part, left), node_hash(part, right)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            right = node_hash(right, part)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and left == old_root and right == root


def decoded(text: str) -> bytes:
    """Return the bytes of base64 that is written in its one right way."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise Refused("the proof holds base64 that is not in canonical form")
    return data


def check_entries(lines: list[bytes]) -> dict[tuple[int, str, str], int]:
    """Check every line of the log and return the balances by account, fund and commodity."""
    balances: dict[tuple[int, str, str], int] = {}
    for number, data in enumerate(lines, start=1):
        try:
            document = json.loads(data)
        except ValueError as error:
            raise Refused(f"log.jsonl line {number}: {error}") from error
        if canonical(document) != data:
            raise Refused(f"log.jsonl line {number}: it is not in canonical form")
        if document["kind"] != "entry":
            continue
        sums: dict[tuple[str, int, str], int] = {}
        for _line, account, fund, commodity, quantity, *_more in document["legs"]:
            place = (fund, {8: 8, 9: 9}.get(account // 1000, 1), commodity)
            sums[place] = sums.get(place, 0) + quantity
            balance = (account, fund, commodity)
            balances[balance] = balances.get(balance, 0) + quantity
        if any(sums.values()) or not sums:
            raise Refused(f"log.jsonl line {number}: {subject(data)} does not balance")
    return balances


def balance_csv(balances: dict[tuple[int, str, str], int]) -> str:
    """Return a trial balance as CSV, quantities in smallest units."""
    rows = [f"{a},{f},{c},{q}" for (a, f, c), q in sorted(balances.items()) if q]
    return "\n".join(("account,fund,commodity,quantity", *rows)) + "\n"


def subject(data: bytes) -> str:
    """Return what a line of the log is about."""
    try:
        document = json.loads(data)
        return f"{document['kind']} {document.get('id') or document.get('number')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "a line that cannot be read"


def canonical(document: Any) -> bytes:
    """Return a document in canonical form."""
    return ENCODE(document).encode()


def leaf_hash(data: bytes) -> bytes:
    """RFC 9162, section 2.1.1."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162, section 2.1.1. Both are hashes, or lengths could be traded between them."""
    if len(left) != 32 or len(right) != 32:
        raise Refused("the proof holds a hash of another length")
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1: the largest complete trees first, joined from the right."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        level, node = 0, leaf
        while stack and stack[-1][0] == level:
            node = hashlib.sha256(b"\1" + stack.pop()[1] + node).digest()
            level += 1
        stack.append((level, node))
    node = stack.pop()[1]
    while stack:
        node = hashlib.sha256(b"\1" + stack.pop()[1] + node).digest()
    return node


def read_note(note: str, key: str, place: str) -> str:
    """Return the text of a note signed with the key (C2SP signed-note)."""
    name, _, rest = key.partition("+")
    number, _, encoded = rest.partition("+")
    raw = b64decode(encoded, validate=True)
    if len(raw) != 33 or raw[0] != 1:
        raise Refused("key.txt: it is not an Ed25519 key")
    if hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != number:
        raise Refused("key.txt: the key and its number do not belong together")
    text, gap, tail = note.partition("\n\n")
    text += "\n"
    start = f"{DASH} {name} "
    if gap and tail.startswith(start) and tail.endswith("\n") and tail.count("\n") == 1:
        signature = b64decode(tail[len(start) : -1], validate=True)
        written = b64encode(signature).decode() == tail[len(start) : -1]
        if written and signature[:4].hex() == number and signed(raw[1:], text, signature[4:]):
            return text
    raise Refused(f"{place}: the signature is not that of {name}")


def signed(public: bytes, text: str, signature: bytes) -> bool:
    """Tell whether a signature over a text is good (RFC 8032, section 5.1.7)."""
    if len(signature) != 64:
        return False
    key, point, base = _decode(public), _decode(signature[:32]), _decode(BASE)
    scalar = int.from_bytes(signature[32:], "little")
    if base is None or key is None or point is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + text.encode()).digest()
    factor = int.from_bytes(digest, "little") % L
    left = _times(scalar, base)
    right = _plus(point, _times(factor, key))
    return not any((left[i] * right[2] - right[i] * left[2]) % P for i in (0, 1))


def _plus(a: Point, b: Point) -> Point:
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        factor >>= 1
    return total


def _x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _decode(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = _x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def answer(bundle: bytes, *, since: bytes | None = None, key: str | None = None) -> dict[str, Any]:
    """Verify a bundle and say so, whatever it holds; never raises for what a file contains."""
    try:
        if bundle.startswith((ONE_ENTRY.encode(), b"old ")):
            if key is None:
                raise Refused("a proof is verified with the key line you were given (--key)")
            if bundle.startswith(b"old "):
                return verify_growth(bundle.decode(), since or b"", key.strip())
            return verify_entry(bundle.decode(), key.strip())
        return verify(bundle, since=since, key=key)
    except (Refused, *UNREADABLE) as refusal:
        return {"ok": False, "size": None, "root": None, "first_difference": str(refusal)}


def with_evidence(found: dict[str, Any], bundle: bytes, archive: bytes | None) -> dict[str, Any]:
    """Add what became of each attached file; where one is changed or missing, nothing is proven."""
    if archive is None or not found["ok"] or not bundle.startswith(b"PK"):
        return found
    try:
        files = check_evidence(unpack(bundle)["log.jsonl"].split(b"\n")[:-1], archive)
    except (Refused, *UNREADABLE) as refusal:
        return {**found, "ok": False, "first_difference": f"evidence: {refusal}"}
    wrong = [*files["changed"], *files["missing"]]
    found["first_difference"] = f"evidence {wrong[0]} is not what was sealed" if wrong else None
    return {**found, "ok": not wrong, "evidence": files}


def sentence(found: dict[str, Any]) -> str:
    """Return an answer for people."""
    files = [
        f"\n{word}: {name}" for word, all_ in found.get("evidence", {}).items() for name in all_
    ]
    if not found["ok"]:
        return f"NOT PROVEN. {found['first_difference']}{''.join(files)}"
    if "line" in found:
        shown = json.dumps(found["subject"], indent=1, ensure_ascii=False)
        return f"Line {found['line']} of a log of {found['size']} lines:\n{shown}"
    return f"Whole and unchanged: {found['size']} lines, root {found['root']}{''.join(files)}"


def main() -> None:
    """Verify from the command line; exit code 0 when the proof holds, else 1."""
    parser = argparse.ArgumentParser(description="Prove offline that a bundle is unchanged.")
    parser.add_argument("bundle", help="a bundle or a proof")
    parser.add_argument("--since", help="an older checkpoint or bundle")
    parser.add_argument("--evidence", help="the attached files")
    parser.add_argument("--key", help="the key line you were given")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    bundle = Path(asked.bundle).read_bytes()
    since = Path(asked.since).read_bytes() if asked.since else None
    evidence = Path(asked.evidence).read_bytes() if asked.evidence else None
    found = with_evidence(answer(bundle, since=since, key=asked.key), bundle, evidence)
    out = sys.stdout if asked.json or found["ok"] else sys.stderr
    out.write((json.dumps(found) if asked.json else sentence(found)) + "\n")
    sys.exit(0 if found["ok"] else 1)


if __name__ == "__main__":
    main()
