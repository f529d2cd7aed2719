"""What a proof of the API shows: that a leaf is among those that were signed, or that a log only grew."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.commands._files import Unusable


class NoProof(Exception):
    """It does not show what it is for; the text says why."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof, the roots of the checkpoints that somebody kept by their sizes, and the entry that it is of, if any."""

    data: Mapping[str, Any]
    kept: Mapping[int, bytes]
    entry: Mapping[str, Any] | None

    def said(self) -> str:
        """What it shows. Raises NoProof; Unusable where no checkpoint that was kept is of its size; KeyError and the
        like where it is none of the API's.
        """
        hashes = [b64decode(each, validate=True) for each in self.data["hashes"]]
        return self._consistency(hashes) if "old" in self.data else self._inclusion(hashes)

    def _inclusion(self, hashes: list[bytes]) -> str:
        from service.log.tree import includes

        seq, size, leaf = self.data["seq"], self.data["size"], b64decode(self.data["leaf_hash"])
        if not includes(leaf, seq, size, hashes, self._root(size)):
            raise NoProof(f"leaf {seq} is not shown to be among the {size} leaves that were signed")
        return f"{self._named(seq, leaf)} is among the {size} leaves that were signed"

    def _named(self, seq: int, leaf: bytes) -> str:
        """The leaf, and what it stands for where the entry is there."""
        from service.log.canonical import NotCanonical
        from service.log.exports import digest_of, leaf_of
        from service.log.tree import leaf_hash

        if self.entry is None:
            return f"leaf {seq}"
        kind, reference, salt, digest = (self.entry[name] for name in ("kind", "reference", "salt", "digest"))
        if leaf_hash(leaf_of(kind, reference, digest)) != leaf:
            raise NoProof(f"the entry is not that of leaf {seq}")
        try:
            if salt is not None and digest_of(kind, reference, salt, self.entry["body"]) != digest:
                raise NoProof(f"the entry is not what leaf {seq} recorded: its digest is another")
        except NotCanonical as error:
            raise NoProof(f"the entry has no canonical form: {error}") from None
        return f"leaf {seq} ({kind} {reference})" + (", whose words were erased," if salt is None else "")

    def _consistency(self, hashes: list[bytes]) -> str:
        from service.log.tree import consistent

        old, new = self.data["old"], self.data["new"]
        if not consistent(old, new, hashes, self._root(old), self._root(new)):
            raise NoProof(f"the {new} leaves are not shown to begin with the {old}")
        return f"the {new} leaves that were signed begin with the {old} that were signed before"

    def _root(self, size: int) -> bytes:
        if size not in self.kept:
            known = ", ".join(str(each) for each in sorted(self.kept))
            raise Unusable(
                f"the proof is of {size} leaves, and the checkpoints of --since of {known}: give that of {size} too, or"
                " ask for a proof of such a size"
            )
        return self.kept[size]
