"""Cases that are made to find out where two texts differ: first ones, and others made from them by small changes.

A draft is the plain JSON data of a case. Nobody promises that it is sound: whoever reads it finds out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendars import subtract_span
from engine.clues import Clauses, Clues, literal_of
from engine.draft_facts import WORKED_OUT, Draft, moved
from engine.draws import Draws
from engine.facts import PAST_STATES
from engine.reading import instant_words
from engine.scenario_expect import About
from policies.model import WEEKDAYS, Comparison, Fact, FactRef, Policy, Span
from policies.vocabulary import UNDOES

Ends = Callable[[Draft], Sequence[date]]
"""The last usable days of the lots of a draft; none of one that is not sound."""

_AMPLE = 1_000_000
_USUAL = 20_000


class Maker:
    """Makes drafts for one policy. `focus` are the clues of what is asked about, `all` those of the whole text, `ends`
    tells when lots expire.
    """

    def __init__(self, policy: Policy, focus: Clues, all: Clues, draws: Draws, ends: Ends) -> None:
        self.policy, self.focus, self.all, self.draws, self.ends = policy, focus, all, draws, ends
        self._named = [fact for word in focus.words if (fact := policy.facts.get(word)) and not fact.derived]
        self.zone = ZoneInfo(policy.timezone)
        self._ways: tuple[Callable[[Draft], None], ...] = (
            *(self.hold_together,) * 4,
            *(self.measure,) * 3,
            *(self.move,) * 2,
            *(self.refill, self.refill, self.set_any, self.remember, self.remember, self.choose, self.show_papers),
            *(self.set_named,) * (2 if self._named else 0),
            *(self.widen, self.lose, self.near_the_end, self.date_by_span, self.date_by_span, self.twin, self.repeat),
        )

    # What is tried first.

    def first(self, about: About) -> list[Draft]:
        """Ordinary cases: a member of long standing with points of every source, and every method or event."""
        days = [self.policy.starts + timedelta(days=400), *(day + timedelta(days=40) for day in self.focus.days[:3])]
        drafts = []
        for day in dict.fromkeys(_working_day(max(day, self.policy.starts)) for day in days):
            if about == "request":
                drafts += [self._request(day, method) for method in self.policy.methods]
            elif about == "day":
                drafts.append({"account": self._account(day), "lots": self._lots(day), "day": day.isoformat()})
            else:
                drafts += [self._event(day, each) for each in self._events()]
        return drafts

    def _events(self) -> list[str]:
        named = [rule.event for rule in self.policy.rules if rule.kind in ("earn", "clawback")]  # type: ignore[attr-defined]
        return list(dict.fromkeys(named)) or ["purchase"]

    def _account(self, day: date) -> Draft:
        joined = day - timedelta(days=6 * 365)
        level = [number for number in self.all.numbers if 0 < number < _HIGHEST_LEVEL]
        known = {"joined_on": joined, "born_on": date(1985, 5, 5), "identity_level": max(level, default=3)}
        plain = {name: _json(value) for name, value in known.items()}
        plain["last_activity_on"] = _json(day - timedelta(days=20))
        return {"id": "A", "contact_verified": True, **self._required("account", day), **plain}

    def _lots(self, day: date) -> list[Draft]:
        return [self._lot(f"L{at}", source, day) for at, source in enumerate(self.policy.sources, 1)]

    def _lot(self, id: str, source: str, day: date) -> Draft:
        given = {"source": source, "acquired_on": _json(day - timedelta(days=100)), "amount": _AMPLE}
        return {"id": id, **self._required("lot", day), **given, "identity_level": _HIGHEST_LEVEL - 1}

    def _request(self, day: date, method: str) -> Draft:
        given = {"points": _USUAL, "method": method, "receiving_account": "110-1", "receiving_holder": "member"}
        papers = [{"paper": name, "issued_on": day.isoformat()} for name in self.policy.papers]
        request = {**self._required("request", day), **given, **({"papers": papers} if papers else {})}
        at = self._instant(day, 10 * 60)
        return {"account": self._account(day), "lots": self._lots(day), "request": request, "history": [], "as_of": at}

    def _event(self, day: date, type: str) -> Draft:
        undone = type in UNDOES or type in {
            rule.event  # type: ignore[attr-defined]
            for rule in self.policy.rules_of("clawback")
        }
        event = {
            **self._required("event", day),
            "id": "event",
            "type": type,
            "amount": 100_000,
            "happened_at": self._instant(day, 10 * 60),
            **({"of": "P1"} if undone else {}),
        }
        earned = [self._earning(f"E{at}", rule.id, day) for at, rule in enumerate(self.policy.rules_of("earn"), 1)]
        return {
            "account": self._account(day),
            "event": event,
            "earned": earned[:3] if undone else [],
            "lots": self._lots(day),
        }

    def _earning(self, id: str, rule: str, day: date) -> Draft:
        at = self._instant(day - timedelta(days=5), 10 * 60)
        return {
            "id": id,
            "rule": rule,
            "happened_at": at,
            "points": 1000,
            "event": "P1",
            "lot": "L1",
            "amount": 100_000,
        }

    def _required(self, scope: str, day: date) -> Draft:
        """What a case must say of the facts that the programme declares."""
        return {
            fact.name: _json(_some(fact, day))
            for fact in self.policy.facts.values()
            if fact.scope == scope and fact.required and fact.path in self.policy.declared
        }

    # What is made from it.

    def varied(self, draft: Draft) -> Draft:
        """Another draft, that differs in one to four places."""
        other: Draft = json.loads(json.dumps(draft))
        for _ in range(1 + self.draws.below(4)):
            self.draws.one_of(self._ways)(other)
        self.put_in_time(other)
        return other

    def put_in_time(self, draft: Draft) -> None:
        """What has happened lies in the past again, after the case was moved to an earlier day."""
        today = self.day(draft)
        last = today.isoformat()
        for lot in draft["lots"]:
            if lot.get("acquired_on", "") > last:
                lot["acquired_on"] = moved(today, -self.draws.below(200)).isoformat()
            if (lot.get("expires_on") or last) < lot.get("acquired_on", ""):
                del lot["expires_on"]
        account = draft["account"]
        for name in ("joined_on", "born_on", "last_activity_on", "contact_changed_on"):
            if (account.get(name) or "") > last:
                account[name] = moved(today, -2_000 if name == "joined_on" else -20).isoformat()
        for paper in draft.get("request", {}).get("papers", ()):
            if (paper.get("issued_on") or "") > last:
                paper["issued_on"] = last
        for part, name in (("history", "requested_at"), ("earned", "happened_at")):
            for each in draft.get(part, ()):
                if datetime.fromisoformat(each[name]) > self._at(draft):
                    each[name] = self._instant(moved(today, -1), 9 * 60)

    def hold_together(self, draft: Draft) -> None:
        """All clauses of a condition or row hold, mostly right at their bounds."""
        asked = self.focus.asked if self.focus.asked and not self.draws.once_in(5) else self.all.asked
        if asked:
            self.satisfy(draft, self.draws.one_of(asked))

    def satisfy(self, draft: Draft, clauses: Clauses) -> None:
        """Sets what the clauses ask for, all in one lot; one of them may be just missed."""
        lot = self.draws.below(max(1, len(draft["lots"])))
        missed = self.draws.below(3 * len(clauses))
        for at, clause in enumerate(clauses):
            value = self.fitting(draft, clause, lot, missed=at == missed)
            if value is not _NOTHING:
                self.set_fact(draft, clause.path, value, lot)

    def fitting(self, draft: Draft, clause: Comparison, lot: int, *, missed: bool) -> Any:
        """A value of a fact with which a clause holds, or just does not."""
        fact = self.policy.facts.get(clause.path)
        if fact is None:
            return _NOTHING
        operator, right = clause.operator, clause.right
        if isinstance(right, FactRef):
            known: tuple[Any, ...] = (_known(draft, right.path, lot),)
        else:
            known = literal_of(self.policy, right)
        known = tuple(each for each in known if each is not None) if operator not in ("is", "is_not") else known
        if not known:
            return _NOTHING
        value = self.draws.one_of(known)
        if fact.type == "date" and isinstance(value, str):
            value = _day(value)
        if operator in ("at_least_ago", "under_ago"):
            if not isinstance(value, Span):
                return _NOTHING
            day = subtract_span(self.day(draft), value)
            return day + timedelta(days=int((operator == "under_ago") != missed))
        if operator in ("is_not", "not_in") or (missed and operator in ("is", "in", "starts_with")):
            return self.other_than(fact, known) if (operator in ("is_not", "not_in")) != missed else value
        if operator == "starts_with":
            return f"{value}1"
        step = {"under": -1, "over": 1}.get(operator, 0)
        if missed:
            step += {"under": 1, "over": -1, "at_most": 1, "at_least": -1}.get(operator, 0)
        if isinstance(value, date):
            return moved(value, step)
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            return value
        return value + step

    def other_than(self, fact: Fact, known: Sequence[Any]) -> Any:
        """A value of a fact that is none of those."""
        if fact.type == "flag":
            return True not in known
        if fact.type == "choice":
            others = [each for each in fact.choices if each not in known]
            return self.draws.one_of(others) if others else _NOTHING
        if fact.type == "text":
            return "another" if "" in known or self.draws.once_in(2) else ""
        if fact.type == "date":
            return None if fact.none and None not in known else self.policy.starts + timedelta(days=300)
        return max([0, *(each for each in known if isinstance(each, int))]) + 1

    def measure(self, draft: Draft) -> None:
        """Another amount of what is asked, or of the event: at a bound, beside it, or what is left of it."""
        number = self.number()
        if "request" in draft:
            used = sum(each["points"] for each in draft["history"])
            if used and self.draws.once_in(2):
                number -= used
            draft["request"].pop("money", None)
            draft["request"]["points"] = "all" if self.draws.once_in(12) else max(1, number)
            if self.draws.once_in(25):
                draft["request"]["money"] = draft["request"].pop("points")
                if draft["request"]["money"] == "all":
                    draft["request"]["money"] = _USUAL
        elif "event" in draft:
            draft["event"]["amount"] = max(0, number)
        else:
            self.refill(draft)

    def number(self) -> int:
        """A number of the text, or what lies beside it or is made of it; or any."""
        known = self.focus.numbers if self.focus.numbers and not self.draws.once_in(4) else self.all.numbers
        known = [each for each in known if each < 10**9]
        if not known or self.draws.once_in(4):
            return int(1 + self.draws.below(10 ** (2 + self.draws.below(6))))
        number = self.draws.one_of(known)
        rates = [each for each in self.focus.rates if each]
        if rates and self.draws.once_in(3):
            # So much that the rate of it comes to the number.
            number = -int(-number * 100 // self.draws.one_of(rates))
        elif self.draws.once_in(4):
            number *= self.draws.one_of((2, 3, 10, 100))
        return max(0, number + self.draws.one_of((0, 0, -1, 1)))

    def move(self, draft: Draft) -> None:
        """The case on another day or at another time: at one that the text names, or beside it."""
        day, minutes = self.day(draft), 10 * 60
        days = self.focus.days or self.all.days
        which = self.draws.below(5)
        if which < 2 and days:
            day = moved(self.draws.one_of(days), self.draws.below(3) - 1)
        elif which == 2 and (known := self.focus.days_of_year or self.all.days_of_year):
            month, number = self.draws.one_of(known)
            day = moved(_of_year(day.year, month, number), self.draws.below(3) - 1)
        elif which == 3:
            day = moved(day, self.draws.below(40) - 20)
        if times := self.focus.times or self.all.times:
            minutes = (self.draws.one_of(times) + self.draws.below(3) - 1) % (24 * 60)
        self.put_at(draft, day, minutes)

    def refill(self, draft: Draft) -> None:
        """A lot with another amount, of which all or some is left."""
        if draft["lots"]:
            lot = self.draws.one_of(draft["lots"])
            lot["amount"] = max(1, self.number())
            lot.pop("left", None)
            if self.draws.once_in(3):
                lot["left"] = self.draws.below(lot["amount"] + 1)

    def date_by_span(self, draft: Draft) -> None:
        """A day of the account, a lot, an earlier refund or a paper that lies a span of the text back, or beside it."""
        spans = self.focus.spans if self.focus.spans and not self.draws.once_in(4) else self.all.spans
        if not spans:
            return self.move(draft)
        day = self.back(self.day(draft), self.draws.one_of(spans))
        if self.draws.once_in(3):
            for _ in range(1 + self.draws.below(2)):
                day = self.back(day, self.draws.one_of(spans))
        facts = [
            fact
            for fact in self.policy.facts.values()
            if fact.type == "date" and not fact.derived and fact.scope in ("account", "lot")
        ]
        which = self.draws.below(4)
        papers = draft.get("request", {}).get("papers")
        if which == 0 and papers:
            self.draws.one_of(papers)["issued_on"] = day.isoformat()
        elif which == 1 and (past := draft.get("history") or draft.get("earned")):
            name = "requested_at" if "history" in draft else "happened_at"
            self.draws.one_of(past)[name] = self._instant(day, 10 * 60)
        elif which == 2 and draft["lots"]:
            self.draws.one_of(draft["lots"])["acquired_on"] = day.isoformat()
        else:
            self.set_fact(draft, self.draws.one_of(facts).path, day, self.draws.below(max(1, len(draft["lots"]))))
        return None

    def near_the_end(self, draft: Draft) -> None:
        """The case on a day on which a lot ends, so long before it as the text says, or beside that."""
        ends = self.ends(draft)
        if ends:
            day = moved(self.draws.one_of(ends), self.draws.below(3) - 1)
            spans = self.focus.spans or self.all.spans
            if spans and not self.draws.once_in(3):
                day = self.back(day, self.draws.one_of(spans))
            self.put_at(draft, day, self.minutes(draft))

    def back(self, day: date, span: Span) -> date:
        """The day so far before another, or the one beside it."""
        if span.unit == "hours":
            found = moved(day, -(span.count // 24))
        elif span.unit == "business days":
            found = moved(day, -span.count)
        else:
            found = subtract_span(day, span)
        return moved(found, self.draws.below(3) - 1)

    def remember(self, draft: Draft) -> None:
        """An earlier refund or earning more, or one that is of other points."""
        if "day" in draft:
            return self.date_by_span(draft)
        name = "history" if "request" in draft else "earned"
        past = draft[name]
        if past and self.draws.once_in(3):
            self.draws.one_of(past)["points"] = max(1, self.number())
            return None
        if len(past) >= _MOST_PAST:
            past.pop()
        day = moved(self.day(draft), -self.draws.one_of((0, 0, 1, 3, 7, 15, 29, 31, 90, 364, 366)))
        if name == "earned":
            rules = self.policy.rules_of("earn")
            if rules:
                earning = self._earning(f"E{len(past) + 1}", self.draws.one_of(rules).id, day)
                past.append(earning | {"points": max(1, self.number())})
            return None
        refund = {"id": f"H{len(past) + 1}", "account_id": "A", "requested_at": self._instant(day, 9 * 60)}
        method = self.draws.one_of((draft["request"]["method"], *self.policy.methods))
        state = "settled" if not self.draws.once_in(8) else self.draws.one_of(PAST_STATES)
        past.append(refund | {"points": max(1, self.number()), "method": method, "state": state})
        if self.draws.once_in(2):
            past[-1]["receiving_account"] = draft["request"].get("receiving_account", "")
        return None

    def choose(self, draft: Draft) -> None:
        """Another method or event."""
        if "request" in draft:
            draft["request"]["method"] = self.draws.one_of([*self.policy.methods])
        elif "event" in draft:
            draft["event"]["type"] = self.draws.one_of([*self._events(), *self.policy.events])

    def show_papers(self, draft: Draft) -> None:
        """Other papers, or chosen lots, or another applicant."""
        if "request" not in draft:
            return self.set_any(draft)
        if self.policy.papers and self.draws.once_in(2):
            named = [name for name in self.policy.papers if self.draws.once_in(2)]
            day = self.day(draft).isoformat()
            draft["request"]["papers"] = [{"paper": name, "issued_on": day} for name in named]
        elif draft["lots"]:
            draft["request"]["lots"] = [each["id"] for each in draft["lots"] if self.draws.once_in(2)]
        return None

    def widen(self, draft: Draft) -> None:
        """A lot more, of any source and age."""
        if len(draft["lots"]) < _MOST_LOTS:
            source = self.draws.one_of([*self.policy.sources])
            day = moved(self.day(draft), -self.draws.below(900))
            names = {each["id"] for each in draft["lots"]}
            free = next(name for at in range(1, _MOST_LOTS + 2) if (name := f"L{at}") not in names)
            draft["lots"].append(self._lot(free, source, day) | {"amount": max(1, self.number())})

    def twin(self, draft: Draft) -> None:
        """Two lots that differ in little, so that the order in which they pay shows, and a request of part of them."""
        if not draft["lots"] or len(draft["lots"]) >= _MOST_LOTS:
            return
        one = self.draws.one_of(draft["lots"])
        other = dict(one) | {"id": f"{one['id']}b"}
        if any(each["id"] == other["id"] for each in draft["lots"]):
            return
        which = self.draws.below(3)
        if which == 0:
            other["source"] = self.draws.one_of([*self.policy.sources])
        elif which == 1:
            day = moved(date.fromisoformat(one["acquired_on"]), -1 - self.draws.below(60))
            other["acquired_on"] = day.isoformat()
        if self.draws.once_in(2):
            one["expires_on"] = other["expires_on"] = moved(self.day(draft), 200).isoformat()
        # The one that comes first in the order of ids need not be the older one.
        draft["lots"].insert(self.draws.below(2) * len(draft["lots"]), other)
        if self.draws.once_in(2):
            one["id"], other["id"] = other["id"], one["id"]

    def repeat(self, draft: Draft) -> None:
        """As many earlier refunds or earnings as some number of the text, or one more or less, all alike."""
        known = [each for each in self.focus.numbers if each <= _MOST_REPEATED] or [1, 2, 3]
        count = max(0, self.draws.one_of(known) + self.draws.below(3) - 1)
        if "request" in draft:
            name, method = "history", draft["request"]["method"]
            day = moved(self.day(draft), -self.draws.one_of((0, 1, 2, 6)))
            one = {"account_id": "A", "points": max(1, self.draws.one_of((5_000, 20_000, self.number())))}
            one |= {"requested_at": self._instant(day, 9 * 60), "method": method, "state": "settled"}
            one["receiving_account"] = draft["request"].get("receiving_account", "")
            draft[name] = [one | {"id": f"H{at + 1}"} for at in range(count)]
        elif "event" in draft and self.policy.rules_of("earn"):
            rule = self.draws.one_of(self.policy.rules_of("earn")).id
            earning = self._earning("E1", rule, moved(self.day(draft), 3))
            draft["earned"] = [earning | {"id": f"E{at + 1}"} for at in range(count)]

    def lose(self, draft: Draft) -> None:
        """A lot less."""
        if len(draft["lots"]) > 1:
            lost = draft["lots"].pop(self.draws.below(len(draft["lots"])))
            if chosen := draft.get("request", {}).get("lots"):
                draft["request"]["lots"] = [each for each in chosen if each != lost["id"]]

    def set_any(self, draft: Draft) -> None:
        """Any fact, to anything that it can be."""
        scopes = ("account", "lot", "request" if "request" in draft else "event")
        facts = [fact for fact in self.policy.facts.values() if fact.scope in scopes and not fact.derived]
        fact = self.draws.one_of(facts)
        if fact.name in ("requested_at", "happened_at"):
            return
        self.set_fact(draft, fact.path, self.any_of(draft, fact), self.draws.below(max(1, len(draft["lots"]))))

    def set_named(self, draft: Draft) -> None:
        """A fact that what is asked about names, to anything that it can be."""
        fact = self.draws.one_of(self._named)
        self.set_fact(draft, fact.path, self.any_of(draft, fact), self.draws.below(max(1, len(draft["lots"]))))

    def any_of(self, draft: Draft, fact: Fact) -> Any:
        """Anything that a fact can be."""
        if fact.type == "choice":
            return self.draws.one_of(fact.choices)
        if fact.type == "flag":
            return self.draws.once_in(2)
        if fact.type == "text":
            return self.draws.one_of(["", *self.focus.words, *self.all.words[:20]])
        if fact.type == "date":
            if fact.none and self.draws.once_in(3):
                return None
            days = self.focus.days or self.all.days
            if days and self.draws.once_in(2):
                return moved(self.draws.one_of(days), self.draws.below(3) - 1)
            return moved(self.day(draft), self.draws.below(1500) - 1200)
        return self.number() if not self.draws.once_in(4) else self.draws.below(_USUAL * 2)

    # Facts of a draft.

    def set_fact(self, draft: Draft, path: str, value: Any, lot: int) -> None:
        """Makes a fact come to a value; where it is worked out, by what it is worked out from."""
        scope, _, name = path.partition(".")
        if path in WORKED_OUT:
            WORKED_OUT[path](draft, value, lot, self.day(draft), self.draws)
        elif name in ("requested_on", "happened_on", "today"):
            if isinstance(value, date):
                self.put_at(draft, value, self.minutes(draft))
        elif name in ("day_of_month", "weekday"):
            self._put_on(draft, name, value)
        elif scope == "lot":
            if draft["lots"]:
                draft["lots"][lot % len(draft["lots"])][name] = _json(value)
        elif scope in draft:
            draft[scope][name] = _json(value)

    def _put_on(self, draft: Draft, name: str, value: Any) -> None:
        day = self.day(draft)
        for days in range(370):
            each = moved(day, days)
            if (each.day if name == "day_of_month" else WEEKDAYS[each.weekday()]) == value:
                return self.put_at(draft, each, self.minutes(draft))
        return None

    def day(self, draft: Draft) -> date:
        """The local day of a draft."""
        if "day" in draft:
            return date.fromisoformat(draft["day"])
        return self._at(draft).date()

    def minutes(self, draft: Draft) -> int:
        """The time of a draft."""
        return 10 * 60 if "day" in draft else (at := self._at(draft)).hour * 60 + at.minute

    def _at(self, draft: Draft) -> datetime:
        raw = draft["as_of"] if "request" in draft else draft["event"]["happened_at"]
        return datetime.fromisoformat(raw).astimezone(self.zone)

    def put_at(self, draft: Draft, day: date, minutes: int) -> None:
        """The draft on a day and at a time."""
        if "day" in draft:
            draft["day"] = day.isoformat()
        elif "request" in draft:
            draft["as_of"] = self._instant(day, minutes)
        else:
            draft["event"]["happened_at"] = self._instant(day, minutes)

    def _instant(self, day: date, minutes: int) -> str:
        local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=self.zone)
        return instant_words(local.astimezone(UTC))


_MOST_LOTS = 8
_MOST_PAST = 6
_MOST_REPEATED = 30
_HIGHEST_LEVEL = 10


class _Nothing:
    """There is no such value."""


_NOTHING = _Nothing()


def _known(draft: Draft, path: str, lot: int) -> Any:
    scope, _, name = path.partition(".")
    record = draft["lots"][lot % len(draft["lots"])] if scope == "lot" and draft["lots"] else draft.get(scope, {})
    return record.get(name)


def _some(fact: Fact, day: date) -> Any:
    """Something that a fact can be."""
    plain = {"choice": fact.choices[:1], "flag": (False,), "text": ("",), "date": (day - timedelta(days=300),)}
    return plain.get(fact.type, (1,))[0]


def _day(raw: str) -> Any:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return raw


def _of_year(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, 28 if month == 2 else day))


def _working_day(day: date) -> date:
    """The day, or the Tuesday after it: nothing is closed then that is closed on weekends."""
    return day + timedelta(days=(1 - day.weekday()) % 7)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
