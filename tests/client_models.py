"""The types of the Python client, made from the OpenAPI document: `python -m tests.client_models` writes them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from service.reference import reference

FIGURES = ("/v1/audit/rules", "/v1/audit/points")
FILE = Path(__file__).parent.parent / "clients" / "python" / "recoup_client" / "models.py"
HEAD = '''\
"""What the service takes and gives, as types. Made from its OpenAPI document by `python -m tests.client_models`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict
'''
# The tags whose operations the client has; see `test_client.py`.
TAGS = (
    *("decisions", "refund requests", "accounts", "events", "inquiries", "messages", "faq", "policies"),
    *("member tokens", "webhooks", "audit"),
)
# What authors do by commands and in a browser, and figures, which finance reads as CSV.
LEFT_OUT = (
    *("/v1/policies:", "/v1/policies/drafts", "/v1/policies/{id}/withdraw", "/v1/policies/{id}/shadow"),
    "/v1/policies/{id}/differences",
    *("/v1/policies/{id}/versions/{number}/scenarios", *FIGURES),
)
# What stands in a list and has no name of its own in the document, where the name of the list and its field is none.
NAMES = {
    "RefundRequests.refund_requests": "RefundRequestLine",
    "Inquiries.inquiries": "InquiryLine",
    "Messages.messages": "Message",
    "Entries.entries": "Entry",
    "Notices.notices": "Notice",
    "EventResults.results": "EventResult",
    "Policies.policies": "PolicyVersionLine",
    "PolicyVersions.versions": "PolicyVersionLine",
    "Policy.versions": "PolicyVersionLine",
    "FoundDecisions.decisions": "FoundDecision",
    "Reads.reads": "Read",
}
MOST_COLUMNS = 120


def models() -> str:
    """The text of the module."""
    document = reference("0")
    made = _Made(document["components"]["schemas"])
    for method, path in subjects(document):
        for name in _shapes(document["paths"][path][method]):
            made.add(name)
    text = "\n\n".join([HEAD, *(made.classes[name] for name in sorted(made.classes))])
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FILE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def subjects(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The operations that the client has, by method and path."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters" and operation["tags"][0] in TAGS and not path.startswith(LEFT_OUT):
                yield method, path


def _shapes(data: object) -> Iterator[str]:
    """The shapes that some part of the document names."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "$ref":
                yield value.rpartition("/")[2]
            elif key != "examples":
                yield from _shapes(value)
    elif isinstance(data, list):
        for each in data:
            yield from _shapes(each)


class _Made:
    """The classes that were made of shapes, by their names."""

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self.classes: dict[str, str] = {}
        self._shapes = shapes

    def add(self, name: str) -> None:
        if name not in self.classes:
            self.classes[name] = ""
            self._write(name, self._shapes[name])

    def _write(self, name: str, shape: Mapping[str, Any]) -> None:
        # Facts besides: whoever sends them may send any mapping.
        bases = [each for each in shape.get("allOf", []) if "$ref" in each]
        for each in shape.get("allOf", []):
            shape = shape if "$ref" in each else {**shape, **each}
        for each in bases:
            self.add(_name_of(each))
        required = set(shape.get("required", []))
        inherited = {field for each in bases for field in self._shapes[_name_of(each)].get("properties", {})}
        fields = []
        for field, schema in shape.get("properties", {}).items():
            if field not in inherited:
                kind = self._type(f"{name}.{field}", schema)
                fields.append(f"{field}: {kind if field in required else f'NotRequired[{kind}]'}")
        about = shape.get("description", "")
        text = [f'    """{_wrapped(about)}"""', ""] if about else []
        base = ", ".join(map(_name_of, bases)) or "TypedDict"
        lines = [*text, *(f"    {field}" for field in fields)] or ["    pass"]
        self.classes[name] = "\n".join([f"class {name}({base}):", *lines, ""]).rstrip("\n") + "\n"

    def _type(self, path: str, schema: Mapping[str, Any]) -> str:
        if "$ref" in schema:
            name = _name_of(schema)
            self.add(name)
            return name
        if "enum" in schema:
            return f"Literal[{', '.join(map(_quoted, schema['enum']))}]"
        either = schema.get("oneOf") or schema.get("anyOf")
        if either and "properties" not in schema:
            return " | ".join(dict.fromkeys(self._type(path, each) for each in either))
        kinds = schema.get("type", "any")
        return " | ".join(self._of_kind(path, kind, schema) for kind in (kinds if isinstance(kinds, list) else [kinds]))

    def _of_kind(self, path: str, kind: str, schema: Mapping[str, Any]) -> str:
        if kind == "array":
            return f"list[{self._type(path, schema.get('items', {}))}]"
        if kind == "object" and schema.get("properties"):
            parent, _, field = path.partition(".")
            name = NAMES.get(path) or parent + "".join(part.title() for part in field.split("_"))
            assert name not in self._shapes, f"{path}: {name} stands for something else"
            self._write(name, schema)
            return name
        return {
            "string": "str",
            "integer": "int",
            "boolean": "bool",
            "null": "None",
            "object": "dict[str, Any]",
            "any": "Any",
        }[kind]


def _name_of(schema: Mapping[str, str]) -> str:
    return schema["$ref"].rpartition("/")[2]


def _quoted(member: object) -> str:
    return "None" if member is None else f'"{member}"'


def _wrapped(about: str) -> str:
    """A docstring in lines that are not too long."""
    text = " ".join(re.split(r"\s+", about.strip()))
    if len(text) + 10 <= MOST_COLUMNS:
        return text
    lines, line = list[str](), ""
    for word in text.split():
        if len(line) + len(word) + 5 + (3 if not lines else 0) > MOST_COLUMNS - 4:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n    ".join([*lines, line, ""])


if __name__ == "__main__":
    FILE.write_text(models(), "utf-8")
