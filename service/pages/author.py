"""What an author sees: the policies and their versions, each as text and in sentences, and the workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, g, request

from policies.model import Text
from service.errors import LANGUAGES
from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.author_drawing import lanes_of, stations_of, waterfall_of
from service.pages.author_form import Asked, asked_of, facts_of, field_of, filled, rows_of
from service.pages.author_texts import MOST_OPEN, draft_texts, policy_of, scenarios_of, texts_of
from service.pages.author_vocabulary import vocabulary_of
from service.pages.site import only, page, today_in
from service.parts import parts

blueprint = Blueprint("author", __name__, url_prefix="/author")
blueprint.before_request(only("author", "approver"))

PARTS = ("check", "test", "case", "fill", "try", "words", "open")
"""What the workbench can be asked for, by the names of its buttons."""
CHECK, TEST, TRY = "/v1/policies:check", "/v1/policies:test", "/v1/policies:try"
"""By which clock a time is read while the text does not say."""
NO_EXAMPLE = Text("고른 시나리오가 파일에 없습니다.", "The scenario that was chosen is not in the file.")


@blueprint.get("")
def home() -> Response:
    """The policies, the version in force of each, and all their versions."""
    # From here one goes on to a text.
    parts().beside.warm()
    found = [_with_withdrawals(each["policy"]) for each in asked("GET", "/v1/policies")["policies"]]
    return page("author.html", policies=found)


@blueprint.get("/policies/<id>/versions/<int:number>")
def version(id: str, number: int) -> Response:
    """One version as text and in sentences."""
    found = asked("GET", address("policies", id, "versions", number))
    checked = asked("POST", CHECK, {"rules": found["text"]})
    return page(
        "author_version.html",
        version=found,
        policy=_with_withdrawals(id),
        checked=checked,
        words=_words(request.args.get("words")),
        lines=found["text"].rstrip("\n").count("\n") + 1,
        pieces=_pieces(found["text"].rstrip("\n"), checked["sentences"]),
    )


@blueprint.get("/workbench")
def workbench() -> Response:
    """A text to work on: that of a draft or of a version, or an empty one where it is not clear of which policy."""
    policy, number, draft = (request.args.get(name, "") for name in ("policy", "version", "draft"))
    if draft:
        return _workbench({"words": _words(None), **draft_texts(draft)}, {"check"}, may_fold=True)
    if not policy:
        known = asked("GET", "/v1/policies")["policies"]
        policy = known[0]["policy"] if len(known) == 1 else ""
    sent = {"policy": policy, "words": _words(None), **(texts_of(policy, number) if policy else {})}
    return _workbench(sent, {"check"}, may_fold=True)


@blueprint.post("/workbench")
def worked() -> Response:
    """The workbench with what a button asked for; or, for its script, just the parts of it."""
    sent = {name: value.replace("\r\n", "\n") for name, value in request.form.items()}
    sent["words"] = _words(sent.pop("speak", None) or sent.get("words"))
    wanted = {each for each in sent.get("do", "check").split() if each in PARTS} or {"check"}
    may_fold = "scenarios" not in sent and "open" not in wanted
    sent["scenarios"] = scenarios_of(sent)
    return _workbench(sent, wanted, may_fold=may_fold, in_part="X-Part" in request.headers)


def _pieces(text: str, sentences: Mapping[str, Any] | None) -> list[tuple[int | None, str]]:
    """A text in few pieces: each line that a sentence is about, with its number, and between them all others together.

    A browser lays out every element by itself, and a text of a thousand lines is there much sooner as a hundred of
    them.
    """
    named = {rule["line"] for heading in (sentences or {}).get("headings", ()) for rule in heading["rules"]}
    found: list[tuple[int | None, str]] = []
    between: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if number in named:
            found += [(None, "".join(between)), (number, f"{line}\n")]
            between = []
        else:
            between.append(f"{line}\n")
    return [*found, (None, "".join(between))]


def _with_withdrawals(id: str) -> dict[str, Any]:
    """A policy, and what was withdrawn of it by the number of the version."""
    found = asked("GET", address("policies", id, "withdrawals"))["withdrawals"]
    return {**policy_of(id), "withdrawn": {each["version"]: each for each in found}}


def _workbench(sent: dict[str, str], wanted: set[str], *, may_fold: bool, in_part: bool = False) -> Response:
    text, scenarios = sent.get("text", ""), sent.get("scenarios", "")
    told: dict[str, Any] = {"refused": None}
    try:
        told["checked"] = checked = asked("POST", CHECK, {"rules": text}) if text.strip() else None
        declares = checked["declares"] if checked else None
        if "test" in wanted and text.strip() and scenarios.strip():
            told["tested"] = asked("POST", TEST, {"rules": text, "scenarios": scenarios})
        if "fill" in wanted and declares:
            told["example_mistake"] = _fill(sent, text, scenarios, declares)
        if "try" in wanted and declares:
            told |= _try(sent, text, declares)
    except Refused as refused:
        if refused.answer.status != 422:
            raise
        told["refused"] = refused.answer
    told = {"checked": None, "tested": None, "tried": None, "asked": Asked(), "example_mistake": None, **told}
    declares = (told["checked"] or {}).get("declares")
    trying = bool(wanted - {"check", "open", "words"})
    return page(
        "author_parts.html" if in_part else "author_workbench.html",
        sent=sent,
        folded=may_fold and len(scenarios) > MOST_OPEN,
        wanted=wanted,
        trying=trying,
        # A browser takes as long for its fields as for all else, and most who come want to write.
        case_shown=trying or "method" in sent,
        spoken="speak" in request.form,
        declares=declares,
        facts={
            scope: facts_of(declares["facts"] if declares else (), scope) for scope in ("account", "lot", "request")
        },
        rows=rows_of(sent),
        vocabulary=vocabulary_of(text) if "words" in wanted else (),
        groups=_groups((told["tested"] or {}).get("results", [])),
        today=today_in().isoformat(),
        **told,
    )


def _words(asked_for: str | None) -> str:
    """The language in which the text is told; that of the page where nobody chose."""
    language: str = asked_for if asked_for in LANGUAGES else g.language
    return language


def _groups(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The results by scenario: of one that is a table how many rows there are, and those that fail."""
    found: dict[str, dict[str, Any]] = {}
    for each in results:
        group = found.setdefault(
            each["name"],
            {
                "name": each["name"],
                "line": each["line"],
                "about": each["about"],
                "count": 0,
                "failing": [],
                "outcomes": [],
            },
        )
        group["count"] += 1
        if not each["passed"]:
            group["failing"].append(each)
        outcome = each["compared"][0]["got"]
        if outcome not in group["outcomes"]:
            group["outcomes"].append(outcome)
    return [*found.values()]


def _fill(sent: dict[str, str], text: str, scenarios: str, declares: Mapping[str, Any]) -> Text | None:
    """Put the case of the chosen scenario into the form; what is wrong with the choice."""
    name, row = sent.get("example", ""), sent.get("example_row", "")
    found = asked("POST", TEST, {"rules": text, "scenarios": scenarios, "scenario": name})["results"]
    cases = [each["case"] for each in found if each["case"] and str(each["row"]) in ("0", row)]
    if not cases:
        return NO_EXAMPLE
    for field in [field for field in sent if field.startswith("lot-")]:
        del sent[field]
    sent |= filled(cases[0], declares["timezone"], declares["facts"])
    return None


def _try(sent: Mapping[str, str], text: str, declares: Mapping[str, Any]) -> dict[str, Any]:
    """What the request of the form comes to, drawn; or what is wrong with its fields."""
    form = asked_of(sent, declares["timezone"], declares["facts"])
    if form.mistakes:
        return {"asked": form}
    found = ask("POST", TRY, {"rules": text, **form.body})
    if not found.ok:
        _place_mistakes(found, form)
        return {"asked": form, "tried": {"refused": found}}
    drawn = {
        "decision": found.data,
        "lanes": lanes_of(found.data),
        "stations": list(stations_of(found.data, g.language)),
        "waterfall": waterfall_of(found.data),
    }
    return {"asked": form, "tried": {"refused": None, **drawn}}


def _place_mistakes(found: Answer, form: Asked) -> None:
    """Tell each mistake that the API found beside the field it is about."""
    for error in found.errors:
        where = field_of(error.get("pointer", ""), form)
        name = error.get("pointer", "").rpartition("/")[2]
        # A field has the name of its fact beside it.
        told = error["detail"] if where in form.fields else f"{name}: {error['detail']}"
        before = form.mistakes.get(where)
        form.mistakes[where] = Text(*(f"{before.ko}; {told}",) * 2) if before else Text(told, told)
