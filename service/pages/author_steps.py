"""A draft told as steps, from its checks to the day on which it is in effect, each with how it stands in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from policies.model import Text
from service.pages import author_words as words

CHECKS = ("check", "test", "pin", "prove")
Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, how it stands (one of STANDINGS), what that means, and what was found on the way."""

    name: str
    standing: str
    says: str
    found: Sequence[Plain] = ()

    @property
    def title(self) -> Text:
        """What it is called."""
        return words.STEPS[self.name]

    @property
    def sign(self) -> str:
        """Its standing as a sign."""
        return words.STANDINGS[self.standing][0]

    @property
    def tone(self) -> str:
        """How its standing looks."""
        return words.STANDINGS[self.standing][1]

    @property
    def told(self) -> Text:
        """Its standing in words."""
        return words.STANDINGS[self.standing][2]


def steps_of(draft: Plain, versions: Sequence[Plain], zone: str, language: str) -> list[Step]:
    """The steps of a draft; `versions` are those of its policy, the newest first."""
    checks = {each["check"]: each for each in draft["checks"]}
    return [
        *(_check(name, checks.get(name), draft, language) for name in CHECKS),
        _effect(draft, language),
        _approval(draft, language),
        *_effective(draft, versions, zone, language),
    ]


def with_lines(problems: Sequence[Plain], rules: str, scenarios: str) -> Iterator[Plain]:
    """What was found, each with the line of the text that it stands in."""
    for each in problems:
        lines = (scenarios if each["file"].endswith(".test.yaml") else rules).split("\n")
        at = each["line"] - 1
        yield {**each, "source": lines[at].rstrip() if 0 <= at < len(lines) else ""}


def _check(name: str, check: Plain | None, draft: Plain, language: str) -> Step:
    if check is None:
        standing = _standing(name, draft)
        return Step(name, standing, words.UNDER_WAY.in_language(language) if standing == "running" else "")
    found = list(with_lines(check["problems"], draft["rules"], draft["scenarios"]))
    places = {(each["file"], each["line"]) for each in found}
    figures = {"count": f"{check['count']:,}", "found": f"{len(found):,}", "places": f"{len(places):,}"}
    if not check["passed"]:
        said = f"{words.FAILED[name].in_language(language).format(**figures)} {words.MEND.in_language(language)}"
        return Step(name, "failed", said, found)
    if name == "prove" and found:
        return Step(name, "unknown", words.UNKNOWN.in_language(language).format(**figures), found)
    return Step(name, "done", words.PASSED[name].in_language(language).format(**figures), found)


def _effect(draft: Plain, language: str) -> Step:
    shown = draft["shown"]
    if shown is None or not draft["checks"]:
        standing = _standing("effect", draft)
        return Step("effect", standing, words.UNDER_WAY.in_language(language) if standing == "running" else "")
    if not all(each["passed"] for each in draft["checks"]):
        return Step("effect", "never", "")
    if shown["impact"] is None:
        return Step("effect", "done", words.NOTHING_IN_FORCE.in_language(language))
    # The first sentence says how was asked, the second how many accounts get another answer.
    return Step("effect", "done", shown["impact"]["sentences"][1][language])


def _approval(draft: Plain, language: str) -> Step:
    match draft["state"]:
        case "published":
            said = words.APPROVED.in_language(language).format(by=draft["approved_by"])
            return Step("approval", "done", " ".join(filter(None, (said, draft["note"]))))
        case "rejected":
            said = words.REJECTED.in_language(language).format(by=draft["rejected_by"], why=draft["rejection"])
            return Step("approval", "failed", said)
        case "outdated":
            return Step("approval", "never", words.OUTDATED.in_language(language))
        case "ready":
            return Step("approval", "waiting", words.WAITS.in_language(language))
    return Step("approval", _ahead(draft), "")


def _standing(name: str, draft: Plain) -> str:
    """How a step stands that has not ended: those behind a failed one are not come to."""
    if draft["state"] != "checking" or not all(each["passed"] for each in draft["checks"]):
        return "never"
    return "running" if (*CHECKS, "effect")[len(draft["checks"])] == name else "later"


def _ahead(draft: Plain) -> str:
    """How a step stands that was not come to: it is still to be, or never will."""
    return "later" if draft["state"] in ("checking", "ready") else "never"


def _effective(draft: Plain, versions: Sequence[Plain], zone: str, language: str) -> Iterator[Step]:
    if draft["version"] is None:
        yield Step("effective", _ahead(draft), "")
        return
    newest = versions[0]["version"]
    at = datetime.fromisoformat(draft["effective_from"]).astimezone(ZoneInfo(zone))
    figures = {"policy": draft["policy"], "version": draft["version"], "newest": newest, "at": f"{at:%Y-%m-%d %H:%M}"}
    told = words.EFFECTIVE if newest == draft["version"] else words.FOLLOWED
    yield Step("effective", "done", told.in_language(language).format(**figures))
