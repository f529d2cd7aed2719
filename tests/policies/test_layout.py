"""The agreed layout: what it changes, and the three laws of it: same meaning, every comment, nothing left to change."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import layout
from policies.characters import decode
from policies.kinds import KINDS
from policies.layout import comments, laid_out, rewritten
from policies.source import read
from policies.versions import canonical_text, digest_of
from tests import docs_runner
from tests.policies.mutations import EVERYTHING, data_of, text_of
from tests.policies.texts import VALID

ROOT = Path(__file__).parent.parent.parent
RULES = {path.name: path.read_text("utf-8") for path in sorted(ROOT.glob("rules/**/*.yaml"))}
SMALL = {path.name: path.read_text("utf-8") for path in sorted(ROOT.glob("tests/engine/small*.yaml"))}
TEXTS = {**RULES, **SMALL, "everything.yaml": EVERYTHING, "valid.yaml": VALID}
SOUND = {
    path.name: text
    for path in sorted(ROOT.glob("tests/bad/*.yaml"))
    if isinstance(text := decode(path.read_bytes()), str) and not read(text.encode(), "x")[1]
}


def law(text: str, *, scenarios: bool = False) -> str:
    """The new text, of which the three laws hold."""
    found = rewritten(text, scenarios=scenarios)
    assert found is not None, laid_out(text, scenarios=scenarios)
    assert rewritten(found, scenarios=scenarios) == found
    assert sorted(comments(found)) == sorted(comments(text))
    if not scenarios:
        assert digest_of(canonical_text(found, ())) == digest_of(canonical_text(text, ()))
    assert not re.search(r"[ \t]+$|\n\n\n|\A\n|\n\n\Z", found, re.MULTILINE) or "|" in text or ">" in text
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:   1\nb:     x\n", "a: 1\nb: x\n"),
        ("a:\n    b:\n        - 1\n        - 2\n", "a:\n  b:\n    - 1\n    - 2\n"),
        ("a:\n- 1\n- b: 2\n  c: 3\n", "a:\n  - 1\n  - b: 2\n    c: 3\n"),
        ("a: {b:   1,c: [ 2,3 ]  }\n", "a: {b: 1, c: [2, 3]}\n"),
        ("a: {b: 1,\n    c: 2}\n", "a: {b: 1, c: 2}\n"),
        ("a: 12345678\nb: 1000\nc: 999\nd: 1_0000\n", "a: 12_345_678\nb: 1_000\nc: 999\nd: 10_000\n"),
        ("a: '12345678'\nb: \"no\"\n", 'a: "12345678"\nb: "no"\n'),
        ("a: 'plain words'\nb: \"50 %\"\n", "a: plain words\nb: 50 %\n"),
        ("a: {b: 'x, y', c: \"z\"}\n", 'a: {b: "x, y", c: z}\n'),
        ("a: 'it''s'\nb: 'say \"x\"'\n", 'a: it\'s\nb: say "x"\n'),
        ('a: \': "x"\'\nb: "1\\n2"\n', 'a: \': "x"\'\nb: "1\\n2"\n'),
        ("a: '\n\n\n  '\nb:\n  - 'one\n\n\n    two'\n", 'a: "\\n\\n"\nb:\n  - "one\\n\\ntwo"\n'),
        ('a: "long\n text\n\n  here"\n', 'a: "long\n  text\n\n  here"\n'),
        ("a: |\n      one\n        two\nb: >-\n   three\n   four\n", "a: |\n  one\n    two\nb: >-\n  three\n  four\n"),
        ("a: |2\n    one\n", 'a: "  one\\n"\n'),
        ("\n\na: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
        ("a:\n\n  b: 1\n", "a:\n  b: 1\n"),
        ("---\na: 1\n...\n", "a: 1\n"),
        ("? a\n: 1\n", "a: 1\n"),
        ("a:\n  long text on\n  two lines\n", "a: long text on\n  two lines\n"),
        ("- - - 1\n    - 2\n  - 3\n", "- - - 1\n    - 2\n  - 3\n"),
        ("-   # of the item\n    a: 1\n", "# of the item\n- a: 1\n"),
        ("a: 1 # one\nbcd: 2    # two\n", "a: 1  # one\nbcd: 2    # two\n"),
        ("a: {b: 1, # one\n  c: 2}\n", "a:\n  b: 1  # one\n  c: 2\n"),
        ("a: [ # all\n 1, 2]\n", "a: [1, 2]  # all\n"),
        ("a: [1,\n  # two\n  2] # end\n", "a:  # end\n  - 1\n  # two\n  - 2\n"),
        ("a: [\n # nothing\n]\n", "# nothing\na: []\n"),
        ("a:\n  # why\n  b\n", "# why\na: b\n"),
        ("a: | # why\n  b\n", "a: |  # why\n  b\n"),
        (
            "a:\n    b: 1\n    # in a\n  # of c\n# of c too\nc: 2\n# end\n",
            "a:\n  b: 1\n  # in a\n# of c\n# of c too\nc: 2\n# end\n",
        ),
    ],
)
def test_the_layout(before: str, after: str) -> None:
    # The texts are no policies, so the order of fields and the sections play no part.
    assert law(before, scenarios=True) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """\
rules:
- reason: {en: No., ko: 'x'}
  # why
  that: {a.b: 1}
  unless: [{a.c: 2}]
  kind: require
  overrides: [z]
  terms: Annex B
  id: x
format: 1
""",
            """\
format: 1

rules:
  - id: x
    kind: require
    terms: "Annex B"
    unless: [{a.c: 2}]
    # why
    that: {a.b: 1}
    overrides: [z]
    reason: {ko: "x", en: "No."}
""",
        ),
        (
            "# head\n\n# yaml-language-server: $schema=x.json\n# more\npolicy: x\nformat: 1\n",
            "# yaml-language-server: $schema=x.json\n# head\n\n# more\nformat: 1\npolicy: x\n",
        ),
        (
            "values: {x: {since: {always: 10000}, unit: points, terms: '1.1'}}\nsources: {a: {en: \"A\", ko: 가}}\n",
            'sources: {a: {ko: 가, en: A}}\n\nvalues: {x: {terms: "1.1", unit: points, since: {always: 10_000}}}\n',
        ),
        (
            "methods:\n  b: {ko: 나, en: b}\n  a: {ko: 가, en: a}\n",
            "methods:\n  b: {ko: 나, en: b}\n  a: {ko: 가, en: a}\n",
        ),
    ],
    ids=["rule", "head", "value", "order-of-names"],
)
def test_the_fields_of_a_rule_file_are_in_the_order_of_their_schema(before: str, after: str) -> None:
    assert law(before) == after


def test_a_map_that_is_too_long_for_a_line_stands_on_several() -> None:
    fits = "a: {b: " + "x" * 106 + ", c: 1}\n"
    korean = "a: {b: " + "가" * 53 + ", c: 1}\n"
    assert [len(line) for line in fits.splitlines()] == [layout.WIDTH]
    assert law(fits, scenarios=True) == fits
    assert law(korean, scenarios=True) == korean
    for text in (fits.replace("c: 1", "cc: 1"), korean.replace("c: 1", "cc: 1")):
        assert law(text, scenarios=True).startswith("a:\n  b: ")


def test_a_kind_is_laid_out_by_its_own_schema() -> None:
    for name, kind in KINDS.items():
        names = [each for each in kind.schema.names() if each not in ("kind", "overrides", "reason")]
        shuffled = [*reversed(names)]
        text = (
            "rules:\n  - {" + ", ".join(["reason: {}", *(f"{each}: [1]" for each in shuffled), f"kind: {name}"]) + "}\n"
        )
        found = re.findall(r"(\w+):", law(text).partition("- ")[2])
        assert found == [*names[:1], "kind", *names[1:], "reason"]


@pytest.mark.parametrize("name", RULES)
def test_a_shipped_file_is_in_the_agreed_layout(name: str) -> None:
    assert law(RULES[name], scenarios=name.endswith(".test.yaml")) == RULES[name]


def _examples() -> Iterator[tuple[str, str, bool]]:
    for page in docs_runner.pages():
        for block in docs_runner.blocks(page):
            if block.language == "yaml" and block.body.strip() and not read(block.body.encode(), "x", times=True)[1]:
                yield block.place, block.body, block.name.endswith(".test.yaml")


@pytest.mark.parametrize(("place", "body", "scenarios"), [pytest.param(*each, id=each[0]) for each in _examples()])
def test_an_example_in_the_pages_is_in_the_agreed_layout(place: str, body: str, scenarios: bool) -> None:
    if body.startswith("- "):
        inside = law("rules:\n" + re.sub("^(?=.)", "  ", body, flags=re.MULTILINE)).partition("\n")[2]
        assert re.sub("^  ", "", inside, flags=re.MULTILINE) == body
    else:
        assert law(body, scenarios=scenarios) == body


@pytest.mark.parametrize("name", SOUND)
def test_the_laws_hold_of_every_file_that_can_be_read(name: str) -> None:
    law(SOUND[name])


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 10**6))
def test_the_laws_hold_of_any_layout(name: str, seed: int) -> None:
    law(_disordered(TEXTS[name], random.Random(seed)), scenarios=name.endswith(".test.yaml"))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 7), st.booleans(), st.sampled_from([None, '"', "'"]), st.integers(20, 200), st.booleans())
def test_the_laws_hold_of_what_another_program_writes(
    indent: int, flow: bool, style: str | None, width: int, sort: bool
) -> None:
    data = data_of(EVERYTHING)
    text = yaml.dump(
        data,
        Dumper=_dumper(style),
        indent=indent,
        default_flow_style=True if flow else None,
        width=width,
        sort_keys=sort,
        allow_unicode=True,
    )
    assert digest_of(canonical_text(law(text), ())) == digest_of(canonical_text(EVERYTHING, ()))


def _dumper(style: str | None) -> type[yaml.SafeDumper]:
    """Writes every text in quotes of one sort; an all-quoted file would make text of its numbers and days."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style))
    return Dumper


words = st.text(st.sampled_from("ab가 ,:#'\"\\-?[]{}&*!|>%@`$_.=019\n"), max_size=12)
trees = st.recursive(
    words | st.integers(-(10**6), 10**6) | st.booleans() | st.dates(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(words, below, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(words, trees, min_size=1, max_size=4), st.sampled_from([True, False, None]))
def test_the_laws_hold_of_any_text(data: dict[str, object], flow: bool | None) -> None:
    text = yaml.dump(data, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    _, problems = read(text.encode(), "x", times=True)
    if not problems:
        law(text, scenarios=True)


def test_a_text_that_would_not_mean_the_same_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout._Writer, "needs_quotes", lambda *_, **__: False)
    assert rewritten('a: "1"\n') is None
    assert rewritten('a: "2025-01-01"\n') is None
    assert rewritten('a: ""\n') is None
    assert rewritten("a: 1\n") == "a: 1\n"


def test_a_text_that_would_lose_a_comment_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_with_remark", lambda line, remark: line)
    assert rewritten("a: 1  # one\n") is None
    assert rewritten("a: 1\n") == "a: 1\n"


def test_both_parsers_lead_to_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = [laid_out(text, scenarios=name.endswith(".test.yaml")) for name, text in SMALL.items()]
    monkeypatch.setattr(layout, "_LOADER", yaml.BaseLoader)
    assert [laid_out(text, scenarios=name.endswith(".test.yaml")) for name, text in SMALL.items()] == fast


def _disordered(text: str, chance: random.Random) -> str:
    """The same file in another layout: deeper, with blank lines and comments, some of its maps broken in brackets."""
    step = chance.randint(1, 4)
    lines: list[str] = []
    for number, line in enumerate(text.splitlines()):
        body = line.lstrip()
        depth = len(line) - len(body)
        # A comment must not stand within a text that goes on.
        if chance.random() < 0.05 and not _goes_on(line):
            lines.append(" " * chance.randint(0, 8) + f"# {number}")
        if chance.random() < 0.05 and not _goes_on(line):
            lines += [""] * chance.randint(1, 3)
        if chance.random() < 0.1 and " #" not in body and body.endswith(("}", "]")) and body.count("{") == 1:
            body = body.replace("{", "{ ", 1).replace(", ", " ,\n" + " " * (depth * step + 9))
        lines.append(" " * (depth * step) + _widened(body, step) + _remark(body, chance))
    return "\n".join(lines) + "\n" * chance.randint(0, 3)


def _widened(body: str, step: int) -> str:
    """A line whose dashes stand as far apart as its indentation was multiplied."""
    return re.sub("^(- )*", lambda found: ("-" + " " * (2 * step - 1)) * (len(found[0]) // 2), body)


def _remark(body: str, chance: random.Random) -> str:
    quotes = body.count('"') % 2
    return f"{' ' * chance.randint(1, 40)}# behind" if chance.random() < 0.05 and not quotes and "#" not in body else ""


def _goes_on(line: str) -> bool:
    """Whether a line is the second one of a quoted text."""
    return not re.match(r'\s*(#|- |"?[\w.$%-][^"]*:( |$)|$)', line)


def test_what_is_generated_is_a_policy_still() -> None:
    assert text_of(data_of(_disordered(VALID, random.Random(1)))) == text_of(data_of(VALID))
