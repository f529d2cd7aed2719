"""The pieces that the JSON Schema of rule files is put together from; `policies/editor.py` puts them together.

An editor does not read a file as the loader does. To YAML 1.2 an unquoted `2026-01-31` and an unquoted `50_000` are
text; to YAML 1.1 and to the loader they are a day and a whole number. So that no editor draws a red line below what
the loader takes, a day is text of that pattern here, and an amount a whole number or text in digits and underscores.
What quotes change, and what one part of a file says of another, only the loader can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from policies.model import Fact
from policies.readers import FACT_PATH, KEBAB, LONGEST_WORD, MOST, SNAKE
from policies.vocabulary import IDENTITIES, OWN_SCOPES, vocabulary

Json = dict[str, Any]

DAY = "(?:19|2[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
REFERENCE = rf"\${SNAKE.pattern}"
UNDERSCORED = "[1-9][0-9]*(?:_[0-9]+)+"
"""A whole number as text, which it is to an editor only where it has underscores."""

PERCENT = r"[0-9]{1,4}(?:\.[0-9]{1,6})?\s?%"
LITERAL_TEXT = r"(?!\$)[\s\S]*"
PLAIN_TEXT = rf"(?!\s*(?:\$|{FACT_PATH.pattern}\s*$))\s*\S[^\n]*\s*"
"""A literal where a value or a fact could stand: text on one line that looks like neither."""

FACTS = vocabulary((), (), ())
"""The facts of every programme; the members of `lot.source` and `request.method` are each file's own."""

_KNOWN = (*FACTS, *IDENTITIES)


class Shared:
    """The definitions that several places of a schema refer to, by name."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {}

    def refer(self, name: str, make: Callable[[], Json]) -> Json:
        """A reference to the definition of that name, which is made when it is first asked for."""
        if name not in self.definitions:
            self.definitions[name] = {}  # A definition may refer to itself.
            self.definitions[name] = make()
        return refer(name)


def refer(name: str) -> Json:
    """A reference to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def described(schema: Json, about: str, more: str = "") -> Json:
    """The schema with its hover text; `more` is a second paragraph."""
    if not about:
        return schema
    text = f"{about}\n\n{more}" if more else about
    return {**schema, "description": text.replace("`", ""), "markdownDescription": text}


def text(bodies: Iterable[str], hint: str = "") -> Json:
    """Text that is wholly one of the regular expressions. `hint` is what an editor says of any other."""
    return hinted({"type": "string", "pattern": f"^(?:{'|'.join(bodies)})$"}, hint)


def hinted(schema: Json, hint: str) -> Json:
    """The schema with what an editor says where it does not hold, in the keywords of the YAML language server."""
    return {**schema, "errorMessage": hint, "patternErrorMessage": hint} if hint else schema


def sentence(*, lines: bool = False, hint: str = "") -> Json:
    """Text that is not blank. How long it may be is left to the loader, which counts normalised characters."""
    return text(
        [r"\s*\S[\s\S]*" if lines else r"\s*\S[^\n]*\s*"], hint or "write a text, in quotes where it is a number"
    )


def name(pattern: str) -> Json:
    """An id or a name in one of the two spellings."""
    joint = "hyphens" if pattern == KEBAB.pattern else "underscores"
    return {**text([pattern], f"write small letters, digits and {joint}"), "maxLength": LONGEST_WORD}


def whole(least: int = 0, most: int = MOST, *, or_text: Sequence[str] = (), hint: str = "") -> Json:
    """A whole number, or text that is one of the regular expressions."""
    schema = {**text([UNDERSCORED, *or_text]), "type": ["integer", "string"], "minimum": least, "maximum": most}
    return hinted(schema, hint or "write a whole number, such as 50_000")


def percent(*or_text: str) -> Json:
    """An exact percentage, or text that is one of the regular expressions."""
    return whole(0, 10_000, or_text=(PERCENT, *or_text), hint="write 3, 3% or 2.2%")


def span(units: Sequence[str], least: int = 1) -> str:
    """The regular expression of a length of time in one of the units."""
    names = "|".join(unit.removesuffix("s") for unit in units)
    return f"{'(?!0+ )' if least else ''}[0-9]{{1,9}} (?:{names})s?"


def one_of(words: Sequence[str], texts: Sequence[str] = ()) -> Json:
    """One of a few words, each with its hover text."""
    schema: Json = {"enum": list(words)}
    return {**schema, "enumDescriptions": list(texts), "markdownEnumDescriptions": list(texts)} if texts else schema


def list_of(item: Json) -> Json:
    """A list that is not empty and holds nothing twice."""
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": item}


def closed(properties: Json, required: Sequence[str] = ()) -> Json:
    """A map with known keys."""
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def common(scopes: Sequence[str], types: Sequence[str] = ()) -> list[Fact]:
    """The facts of every programme that those scopes see, of those types or of any."""
    return [fact for fact in FACTS.values() if fact.scope in scopes and (not types or fact.type in types)]


def declared(scopes: Sequence[str]) -> str:
    """The regular expression of the facts that a file may declare for itself."""
    of_scopes = (rf"{scope}\.(?!(?:{_names(scope)})$)" for scope in scopes if scope in OWN_SCOPES)
    return rf"(?:{'|'.join(of_scopes)}){SNAKE.pattern}"


def _names(scope: str) -> str:
    return "|".join(path.partition(".")[2] for path in _KNOWN if path.startswith(f"{scope}."))


def fact_paths(scopes: Sequence[str], types: Sequence[str]) -> str:
    """The regular expression of the facts of those types, those that a file may declare included."""
    known = [fact.path.replace(".", r"\.") for fact in common(scopes, types)]
    return f"(?:{'|'.join((*known, declared(scopes)))})"


def fact_path(scopes: Sequence[str], types: Sequence[str], *or_text: str) -> Json:
    """The path of a fact of one of those types, or text that is one of the regular expressions."""
    facts = common(scopes, types)
    named = one_of([fact.path for fact in facts], [words(fact) for fact in facts])
    return {"anyOf": [named, text([declared(scopes), *or_text])]}


def words(fact: Fact) -> str:
    """What a fact is called, in both languages."""
    return f"{fact.ko} · {fact.en}"
