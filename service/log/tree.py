"""The Merkle tree over the leaves of the log, as RFC 9162, section 2.1, defines it: hashes, proofs and their checks.

A tree of any size is made of complete subtrees, each with 2 ** level leaves; those that are complete never change
again. So whoever keeps their hashes can append at a flat price, and prove anything with a few dozen of them. `Node`
gives the hash of the complete subtree of a level and its index among those of that level.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Node = Callable[[int, int], bytes]
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf; its first byte sets it apart from that of a node."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two halves."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def place(level: int, index: int) -> int:
    """One number for each complete subtree, in the order of their middles: leaves are even.

    >>> [place(0, 0), place(1, 0), place(0, 1), place(2, 0), place(1, 1)]
    [0, 1, 2, 3, 5]
    """
    return ((2 * index + 1) << level) - 1


@dataclass(slots=True)
class Frontier:
    """The complete subtrees that a tree of a size is made of, the largest first: all that appending needs."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add the hash of a leaf; the subtrees that it completes, itself first: (level, index, hash)."""
        made = [(0, self.size, leaf)]
        self.hashes.append(leaf)
        level, rest = 0, self.size
        while rest & 1:
            right, left = self.hashes.pop(), self.hashes.pop()
            self.hashes.append(node_hash(left, right))
            level, rest = level + 1, rest >> 1
            made.append((level, rest, self.hashes[-1]))
        self.size += 1
        return made

    def root(self) -> bytes:
        """The hash of the whole tree."""
        if not self.hashes:
            return EMPTY
        *before, found = self.hashes
        for each in reversed(before):
            found = node_hash(each, found)
        return found


def frontier_of(node: Node, size: int) -> Frontier:
    """The frontier of a tree of a size."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return Frontier(size, [node(level, (size >> level) - 1) for level in levels])


def root_of(node: Node, start: int, end: int) -> bytes:
    """The hash over the leaves from `start` up to `end`, as the proofs cut the tree."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _half(size)
    return node_hash(root_of(node, start, middle), root_of(node, middle, end))


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """What proves that a leaf stands at `index` in the tree of a size."""
    assert 0 <= index < size, "only a leaf of the tree is in it"
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _half(end - start)
        if index < middle:
            proof.append(root_of(node, middle, end))
            end = middle
        else:
            proof.append(root_of(node, start, middle))
            start = middle
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Iterable[bytes], root: bytes) -> bool:
    """Whether a proof shows that the hash of a leaf stands at `index` in the tree of this size and root."""
    if not 0 <= index < size:
        return False
    last, found = size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(each, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, each)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """What proves that the tree of the size `new` begins with the leaves of the one of `old`, in their order."""
    assert 0 < old <= new, "the older tree has leaves, and not more than the newer"
    proof = []
    start, end = 0, new
    while end != old:
        middle = start + _half(end - start)
        if old <= middle:
            proof.append(root_of(node, middle, end))
            end = middle
        else:
            proof.append(root_of(node, start, middle))
            start = middle
    if start:
        proof.append(root_of(node, start, end))
    return proof[::-1]


def consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether a proof shows that the newer tree only appends to the older one."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    # A complete older tree is its own first hash.
    path = [*([] if index else [old_root]), *proof]
    if not path:
        return False
    first = second = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            second = node_hash(second, each)
        index, last = index >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _half(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1
