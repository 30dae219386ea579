"""The tree of a book's log: leaves, root, inclusion and consistency proofs (RFC 9162, section 2.1).

Leaf and node hashes carry different prefixes, so that no node can pass for a leaf. A proof is
what an adversary would forge: verification reads every byte of it and accepts no other length.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()
HASH_SIZE = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two children (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes; the memory is the logarithm of their number."""
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        level, current = 0, leaf
        while stack and stack[-1][0] == level:
            current = node_hash(stack.pop()[1], current)
            level += 1
        stack.append((level, current))
    if not stack:
        return EMPTY
    _level, root = stack.pop()
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path from a leaf to the root (RFC 9162, 2.1.3.1).

    Raises IndexError for a leaf that is not there.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} among {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root_of(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root_of(leaves[:split])]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether a proof shows the leaf at its place in a tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(part) != HASH_SIZE for part in proof):
        return False
    fn, sn, current = index, size - 1, leaf
    for part in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            current = node_hash(part, current)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            current = node_hash(current, part)
        fn >>= 1
        sn >>= 1
    return sn == 0 and hmac.compare_digest(current, root)


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the proof that the first leaves are a prefix (RFC 9162, 2.1.4.1).

    Raises IndexError for an old size that is not between 1 and the size.
    """
    if not 0 < old_size <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} has no prefix of {old_size}")
    return _subproof(leaves, old_size, whole=True)


def verify_consistency(
    old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that one tree is the beginning of another (2.1.4.2)."""
    if not 0 < old_size <= size or any(len(part) != HASH_SIZE for part in proof):
        return False
    if old_size == size:
        return not proof and hmac.compare_digest(old_root, root)
    parts = list(proof)
    if old_size & (old_size - 1) == 0:
        parts.insert(0, old_root)
    if not parts:
        return False
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    old = new = parts[0]
    for part in parts[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(part, old), node_hash(part, new)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            new = node_hash(new, part)
        fn >>= 1
        sn >>= 1
    return sn == 0 and hmac.compare_digest(old, old_root) and hmac.compare_digest(new, root)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, whole=whole), root_of(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, whole=False), root_of(leaves[:split])]


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1
