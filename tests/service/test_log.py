"""The arithmetic of the log: canonical JSON, the tree and its proofs, signed notes; what was published comes out."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from service.log.canonical import MOST, NotCanonical, canonical, read
from service.log.notes import (
    BadKey,
    BadNote,
    Checkpoint,
    new_signer,
    open_note,
    read_checkpoint,
    read_signer,
    read_verifier,
    sign,
)
from service.log.tree import (
    EMPTY,
    Frontier,
    consistency_proof,
    consistent,
    frontier_of,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    place,
    root_of,
)

NAMES = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
PLAIN = st.none() | st.booleans() | st.integers(-MOST, MOST) | TEXTS
DATA = st.recursive(PLAIN, lambda each: st.lists(each, max_size=4) | st.dictionaries(NAMES, each, max_size=4))

# RFC 8785, sections 3.2.2 and 3.2.3, without what has to be refused here: fractions, and names beyond the BMP.
RFC_8785 = (
    (
        {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]},
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ),
    (
        {
            "\u20ac": "Euro Sign",
            "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis",
        },
        (
            '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis"'
            ',"€":"Euro Sign","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
        ),
    ),
)


@pytest.mark.parametrize(("data", "text"), RFC_8785, ids=["values", "order"])
def test_the_examples_of_rfc_8785_come_out(data: Any, text: str) -> None:
    assert canonical(data) == text.encode()
    assert read(text.encode()) == data


@given(DATA)
@settings(max_examples=150, deadline=None)
def test_what_is_not_refused_is_rfc_8785(data: Any) -> None:
    assert canonical(data) == rfc8785.dumps(data)
    assert read(canonical(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        1.0,
        [333333333.3],
        2**53,
        -(2**53),
        {"\U0001f600": 1},
        {1: "a"},
        ("a",),
        b"a",
        {"a": {"b": [float("nan")]}},
        "\ud800",
    ],
    ids=str,
)
def test_what_readers_differ_about_is_refused(data: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(data)


@pytest.mark.parametrize(
    "text",
    [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'"\\u0041"', b"1.0", b"1e3", b"\xff", b'{"a":1}\n', b"[1", b""],
    ids=str,
)
def test_only_the_one_text_is_read(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        read(text)


# The leaves and roots that the reference implementation of RFC 6962 is tested with.
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


class Tree:
    """A tree with every hash that was ever complete."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.frontier = Frontier()
        self.roots = [self.frontier.root()]
        self.nodes: dict[int, bytes] = {}
        for leaf in leaves:
            for level, index, found in self.frontier.append(leaf_hash(leaf)):
                assert place(level, index) not in self.nodes, "a complete subtree never changes"
                self.nodes[place(level, index)] = found
            self.roots.append(self.frontier.root())

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[place(level, index)]


def test_the_published_roots_come_out() -> None:
    tree = Tree(LEAVES)
    assert [each.hex() for each in tree.roots[1:]] == list(ROOTS)
    assert tree.roots[0] == EMPTY == hashlib.sha256(b"").digest()
    for size in range(1, 9):
        assert root_of(tree.node, 0, size) == tree.roots[size] == frontier_of(tree.node, size).root()


def test_the_proofs_of_rfc_9162_come_out() -> None:
    """Section 2.1.5: seven leaves, the nodes by the letters that they have there."""
    tree = Tree([str(number).encode() for number in range(7)])
    a, b, c, d, e, f, j = (tree.node(0, index) for index in range(7))
    g, h, i, k = node_hash(a, b), node_hash(c, d), node_hash(e, f), tree.node(2, 0)
    l = node_hash(i, j)  # noqa: E741  # its letter in the RFC
    expected = {0: [b, h, l], 3: [c, g, l], 4: [f, j, k], 6: [i, k]}
    assert {index: inclusion_proof(tree.node, index, 7) for index in expected} == expected
    older = {3: [c, d, g, l], 4: [l], 6: [i, j, k]}
    assert {size: consistency_proof(tree.node, size, 7) for size in older} == older


def test_a_leaf_is_shown_in_its_place_and_in_no_other() -> None:
    tree = Tree([bytes([number]) for number in range(20)])
    for size in range(1, 21):
        for index in range(size):
            leaf, proof, root = tree.node(0, index), inclusion_proof(tree.node, index, size), tree.roots[size]
            assert includes(leaf, index, size, proof, root)
            assert not includes(leaf_hash(b"other"), index, size, proof, root)
            assert not includes(leaf, index ^ 1, size, proof, root)
            assert not includes(leaf, index, size, [*proof, leaf], root)
            assert not includes(leaf, index, size, proof[:-1], root) or not proof
            assert not includes(leaf, index, size, proof, tree.roots[size - 1])


def test_a_tree_is_shown_to_extend_the_older_one_and_no_other() -> None:
    tree = Tree([bytes([number]) for number in range(20)])
    for new in range(1, 21):
        for old in range(1, new + 1):
            proof, roots = consistency_proof(tree.node, old, new), (tree.roots[old], tree.roots[new])
            assert consistent(old, new, proof, *roots)
            assert not consistent(old, new, [*proof, EMPTY], *roots)
            assert not consistent(old, new, proof, EMPTY, roots[1])
            assert not consistent(old, new, proof, roots[0], EMPTY)
            assert not consistent(old, new, proof[1:], *roots) or not proof
            assert not consistent(new + 1, new, proof, *roots)


# The key and the note that the reference implementation of signed notes is documented with.
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    f"{TEXT}\n\u2014 PeterNeumann"
    " x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_note_comes_out() -> None:
    signer, verifier = read_signer(SECRET), read_verifier(PUBLIC)
    assert (str(signer.verifier), signer.secret()) == (PUBLIC, SECRET)
    assert sign(TEXT, [signer]) == NOTE
    assert open_note(NOTE, [verifier]) == (TEXT, [verifier])


def test_a_key_with_any_character_changed_is_none() -> None:
    for key, reader in ((PUBLIC, read_verifier), (SECRET, read_signer)):
        for index, each in enumerate(key):
            with pytest.raises(BadKey):
                reader(f"{key[:index]}{chr(ord(each) ^ 1)}{key[index + 1 :]}")
    for name in ("", "a b", "a+b", "a\nb", "a\u2003b"):
        with pytest.raises(BadKey):
            new_signer(name)


def test_a_note_with_any_character_changed_is_not_signed() -> None:
    for index, each in enumerate(NOTE):
        with pytest.raises(BadNote):
            open_note(f"{NOTE[:index]}{chr(ord(each) ^ 1)}{NOTE[index + 1 :]}", [read_verifier(PUBLIC)])
    # The same bytes, written in another way.
    with pytest.raises(BadNote):
        open_note(NOTE.replace("JnAM=", "JnAN="), [read_verifier(PUBLIC)])


def test_who_knows_either_of_two_keys_is_content() -> None:
    old, new, other = (new_signer("log.example.com") for _ in range(3))
    note = sign("a\n1\nb\n", [new, old])
    assert open_note(note, [old.verifier])[1] == [old.verifier]
    assert open_note(note, [old.verifier, new.verifier])[1] == [new.verifier, old.verifier]
    with pytest.raises(BadNote, match="none of the keys"):
        open_note(note, [other.verifier])


def test_a_checkpoint_is_three_lines() -> None:
    head = Checkpoint("example.com/behind-the-sofa", 20852163, bytes(range(32)))
    text = "example.com/behind-the-sofa\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert (head.text(), read_checkpoint(text)) == (text, head)
    lines = text.splitlines()
    for wrong in (
        text[:-1],
        text.replace("2085", "02085"),
        text.replace("2085", "-2085"),
        text.replace("h8=", "h9="),
        f"{lines[0]}\n{lines[1]}\n",
        f"\n{lines[1]}\n{lines[2]}\n",
        f"{text}more\n",
    ):
        with pytest.raises(BadNote):
            read_checkpoint(wrong)


def test_places_are_all_different_and_leaves_are_even() -> None:
    tree = Tree([b"%d" % number for number in range(64)])
    assert sorted(tree.nodes) == list(range(127))
    assert all(after - before == 1 for before, after in pairwise(sorted(tree.nodes)))
    assert {place(0, index) for index in range(64)} == set(range(0, 127, 2))
