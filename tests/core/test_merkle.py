"""Roots are those of RFC 9162's published trees, and no forged proof passes."""

import hashlib

import pytest

from ledger.core.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    roots_at,
)
from reports.verify import Refused, grown, reached

# The example tree of the Certificate Transparency reference tests: inputs and roots by size.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
INPUTS.append("606162636465666768696a6b6c6d6e6f")
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(130)]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_are_reached(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]
    assert root_of(leaves).hex() == ROOTS[size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33, 64, 65, 129])
def test_every_leaf_is_proven_and_no_other_place_is(size: int) -> None:
    leaves = LEAVES[:size]
    root = root_of(leaves)
    for index in range(size):
        proof = inclusion_proof(leaves, index)
        assert reached(leaves[index], index, size, proof) == root
        assert reached(LEAVES[-1], index, size, proof) != root
        assert reached(leaves[index], index, size, [*proof, root]) != root
        for place in range(size):
            if place != index:
                assert reached(leaves[index], place, size, proof) != root
        if proof:
            assert reached(leaves[index], index, size, proof[:-1]) != root


def flipped(parts: list[bytes], part: int, bit: int) -> list[bytes]:
    data = bytearray(parts[part])
    data[bit // 8] ^= 1 << bit % 8
    return [*parts[:part], bytes(data), *parts[part + 1 :]]


def test_every_beginning_up_to_129_is_proven_and_no_forged_proof_passes() -> None:
    roots = roots_at(LEAVES, range(130))
    pairs = 0
    for size in range(1, 130):
        for old in range(1, size + 1):
            proof = consistency_proof(LEAVES[:size], old)
            first, second = roots[old], roots[size]
            assert grown(old, size, first, second, proof)
            pairs += 1
            assert not grown(old, size, first, second, [*proof, second])
            if old < size:
                forged = hashlib.sha256(first).digest()
                assert not grown(old, size, forged, second, proof)
                assert not grown(old, size, first, forged, proof)
                assert not grown(old, size, first, second, proof[:-1])
            for part in range(len(proof)):
                bit = (pairs * 37 + part * 101) % 256
                assert not grown(old, size, first, second, flipped(proof, part, bit))
    assert pairs == 8385


@pytest.mark.parametrize(("old", "size"), [(1, 2), (3, 7), (6, 8), (33, 65), (64, 65), (100, 129)])
def test_no_changed_bit_of_a_proof_passes(old: int, size: int) -> None:
    roots = root_of(LEAVES[:old]), root_of(LEAVES[:size])
    growth, entry = consistency_proof(LEAVES[:size], old), inclusion_proof(LEAVES[:size], old - 1)
    for bit in range(256):
        for part in range(len(growth)):
            assert not grown(old, size, *roots, flipped(growth, part, bit))
        for part in range(len(entry)):
            path = flipped(entry, part, bit)
            assert reached(LEAVES[old - 1], old - 1, size, path) != roots[1]


@pytest.mark.long
def test_no_changed_bit_of_any_proof_up_to_129_passes() -> None:
    """Every bit of every consistency proof; minutes."""
    roots = roots_at(LEAVES, range(130))
    for size in range(1, 130):
        for old in range(1, size):
            proof = consistency_proof(LEAVES[:size], old)
            for part in range(len(proof)):
                for bit in range(256):
                    path = flipped(proof, part, bit)
                    assert not grown(old, size, roots[old], roots[size], path)


def test_a_part_of_another_length_is_refused() -> None:
    with pytest.raises(Refused, match="another length"):
        reached(LEAVES[0], 0, 2, [b"x" * 31])


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES[:3], 3)
    with pytest.raises(IndexError):
        consistency_proof(LEAVES[:3], 4)
