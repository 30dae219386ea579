"""The tree of a book's log: leaves, root, inclusion and consistency proofs (RFC 9162, section 2.1).

Leaf and node hashes carry different prefixes, so that no node can pass for a leaf. Proofs are made
here and verified in ``reports.verify``, which runs without us.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two children (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    return roots_at(leaves, {len(leaves)})[len(leaves)]


def roots_at(leaves: Iterable[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """Return the roots of the first leaves, for each of the sizes, in one walk.

    A size beyond the leaves has no root and is left out.
    """
    stack: list[tuple[int, bytes]] = []
    roots = {0: EMPTY} if 0 in sizes else {}
    for size, leaf in enumerate(leaves, start=1):
        level, current = 0, leaf
        while stack and stack[-1][0] == level:
            current = node_hash(stack.pop()[1], current)
            level += 1
        stack.append((level, current))
        if size in sizes:
            root = current
            for _level, left in reversed(stack[:-1]):
                root = node_hash(left, root)
            roots[size] = root
    return roots


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


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the proof that the first leaves are a prefix (RFC 9162, 2.1.4.1).

    Raises IndexError for an old size that is not between 1 and the size.
    """
    if not 0 < old_size <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} has no prefix of {old_size}")
    return _subproof(leaves, old_size, whole=True)


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
