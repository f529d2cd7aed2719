"""Plain JSON data read as a case, by the vocabulary of one policy, or refused with everything that is wrong."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import Meta, convert, defstruct
from msgspec.json import Decoder
from msgspec.structs import force_setattr

from engine import reading
from engine.facts import (
    PAST_STATES,
    Account,
    Case,
    DayCase,
    Earning,
    Event,
    EventCase,
    Lot,
    PastRefund,
    Record,
    RefundRequest,
    ShownPaper,
    own_fields,
)
from engine.reading import (
    AMOUNT,
    AS_IT_IS,
    DAY,
    DAY_OR_NONE,
    DAYS,
    INSTANT,
    MOST,
    NAME,
    NAMES,
    POSITIVE,
    TEXT,
    Entry,
    Errors,
    Mistake,
    ObjectReader,
    Reader,
    choice,
    instant,
    is_plain,
    printable,
    shown,
)
from policies.model import Fact, Policy, Scalar, Text
from policies.problems import both, did_you_mean

MOST_PAPERS = 100
"""No request shows more papers."""

MOST_POINTS = 2**53 - 1
"""The lots of a case hold no more than this together: the largest whole number that every JSON reader keeps."""


class BadCase(ValueError):
    """A case that cannot be judged. `mistakes` pairs the path of each mistake with what it is and how to mend it;
    `errors` is the same in English.
    """

    def __init__(self, mistakes: Iterable[tuple[str, Mistake]]) -> None:
        self.mistakes = list(mistakes)
        self.errors = [(path, str(mistake)) for path, mistake in self.mistakes]
        super().__init__("; ".join(f"{path} {message}" if path else message for path, message in self.errors))


def read_case(policy: Policy, data: object) -> Case:
    """The case in plain JSON data, read by the vocabulary of `policy`. Raises BadCase with every mistake."""
    return _readers(policy).case(data)


def read_sound_case(policy: Policy, text: bytes) -> Case | None:
    """The same of JSON text, in one go; None where anything is amiss, or looks it. `read_case` tells what."""
    return _readers(policy).sound_case(text)


def read_event_case(policy: Policy, data: object) -> EventCase:
    """The event and its account in plain JSON data. Raises BadCase with every mistake."""
    return _readers(policy).event_case(data)


def read_day_case(policy: Policy, data: object) -> DayCase:
    """The account, lots and day in plain JSON data. Raises BadCase with every mistake."""
    return _readers(policy).day_case(data)


NEVER_NEGATIVE = {
    "account.debt",
    "account.points_debt",
    "lot.amount",
    "lot.left",
    "request.destination_balance",
    "event.amount",
}


_NOTHING: Mapping[str, Scalar] = MappingProxyType({})


class _RecordReader:
    """How one record with its declared facts is read under one policy.

    Where the policy declares none and msgspec can read every field, its `shape` is the record itself.
    """

    def __init__(self, record: type[Any], own: Iterable[Entry], declared: Iterable[Entry]) -> None:
        own, declared = tuple(own), tuple(declared)
        self._record = record
        self._own = len(own)
        self._declared = [entry.name for entry in declared]
        self._made_at_once = issubclass(record, Record) and not declared
        of_record = (record, {"declared": _NOTHING}) if self._made_at_once else ()
        self.reader = ObjectReader((*own, *declared), *of_record)
        self.shape = self.reader.shape

    def records(self, shaped: list[Any]) -> list[Any]:
        """The records of objects that msgspec read."""
        return shaped if self._made_at_once else [self.record(self.reader.values(each)) for each in shaped]

    def record(self, values: list[Any]) -> Any:
        """The record with these values: its own, then all that are declared, as one mapping."""
        own = self._own
        declared = dict(zip(self._declared, values[own:], strict=True)) if self._declared else _NOTHING
        return self._record(*values[:own], declared)

    def read(self, data: object, path: str, errors: Errors) -> Any:
        """The record in plain data; every trouble is added to `errors`, and then it means nothing."""
        return self.record(self.reader.read(data, path, errors))


class _Readers:
    """How the objects of a case are read under one policy.

    A sound case, which nearly every one is, is read by msgspec in one go. Only where something is amiss, or looks it,
    is the case read object by object, to tell everything that is wrong with it.
    """

    def __init__(self, policy: Policy) -> None:
        self._declared = set(policy.declared)
        facts = [fact for fact in policy.facts.values() if not fact.derived]
        identity = Entry("id", NAME)
        self._account = self._of(Account, "account", facts, id=identity, activity_days=Entry("activity_days", DAYS, ()))
        self._lot = self._of(
            Lot,
            "lot",
            facts,
            id=identity,
            # Both follow from other facts of the lot where they are not given.
            usable_from_on=Entry("usable_from_on", DAY, None),
            left=Entry("left", AMOUNT, None),
        )
        papers = Reader(lambda raw: raw, Annotated[tuple[ShownPaper, ...], Meta(max_length=MOST_PAPERS)])
        self._request = self._of(
            RefundRequest,
            "request",
            facts,
            # One of both; which is looked at once they are read.
            points=Entry("points", POINTS_OR_ALL, None),
            money=Entry("money", POSITIVE, None),
            # Which of them there are is looked at below, and told with the place of each.
            papers=Entry("papers", papers, ()),
            lots=Entry("lots", NAMES, ()),
        )
        self._paper_names = frozenset(policy.papers)
        self._papers = ObjectReader((Entry("paper", _paper(policy)), Entry("issued_on", DAY_OR_NONE, None)))
        self._event = self._of(Event, "event", facts, id=identity, happened_at=Entry("happened_at", INSTANT))
        self._past = ObjectReader(
            (
                identity,
                Entry("account_id", NAME),
                Entry("requested_at", INSTANT),
                Entry("points", POSITIVE),
                Entry("method", TEXT),
                Entry("receiving_account", TEXT, ""),
                Entry("state", choice(PAST_STATES)),
                Entry("payout", AMOUNT, None),
            )
        )
        self._earning = ObjectReader(
            (
                identity,
                Entry("rule", NAME),
                Entry("happened_at", INSTANT),
                Entry("points", AMOUNT),
                Entry("event", TEXT, ""),
                Entry("lot", TEXT, ""),
                Entry("amount", AMOUNT, 0),
                Entry("taken", AMOUNT, 0),
                Entry("undone", AMOUNT, 0),
            )
        )
        self._case = ObjectReader(
            (
                Entry("account", AS_IT_IS),
                Entry("lots", AS_IT_IS),
                Entry("request", AS_IT_IS),
                Entry("history", AS_IT_IS, ()),
                Entry("as_of", INSTANT),
            )
        )
        self._whole_case: Any = defstruct(
            "Shape",
            [
                ("account", self._account.shape),
                ("lots", list[self._lot.shape]),  # type: ignore[name-defined]
                ("request", self._request.shape),
                ("history", list[self._past.shape], ()),  # type: ignore[name-defined]
                ("as_of", Any),
            ],
            forbid_unknown_fields=True,
            kw_only=True,
        )
        self._json = Decoder(self._whole_case)
        self._event_case = ObjectReader(
            (
                Entry("account", AS_IT_IS),
                Entry("event", AS_IT_IS),
                Entry("earned", AS_IT_IS, ()),
                Entry("lots", AS_IT_IS, ()),
            )
        )
        self._day_case = ObjectReader(
            (
                Entry("account", AS_IT_IS),
                Entry("lots", AS_IT_IS),
                Entry("day", DAY),
            )
        )

    def _of(self, record: type[Any], scope: str, facts: list[Fact], **special: Entry) -> _RecordReader:
        """The reader of one record."""
        common = {fact.name: fact for fact in facts if fact.scope == scope and fact.path not in self._declared}
        own = [special.get(name) or _entry(common[name]) for name in own_fields(record)]
        declared = [reading.entry(fact) for fact in facts if fact.scope == scope and fact.path in self._declared]
        return _RecordReader(record, own, declared)

    def case(self, data: object) -> Case:
        try:
            return self._sound_case(convert(data, self._whole_case), plain=False)
        except (ValueError, TypeError):
            return self._case_in_parts(data)

    def sound_case(self, text: bytes) -> Case | None:
        try:
            return self._sound_case(self._json.decode(text), plain=is_plain(text))
        except (ValueError, TypeError):
            return None

    def _sound_case(self, whole: Any, *, plain: bool) -> Case:
        """The case that msgspec read in one go, from text that is known to be `plain` or not. Raises ValueError or
        TypeError where anything is amiss, or looks it.
        """
        if not plain:
            texts = self._account.reader.texts((whole.account,)) + self._request.reader.texts((whole.request,))
            if not printable(texts + self._lot.reader.texts(whole.lots) + self._past.texts(whole.history)):
                raise ValueError("there may be a control character")
        lots = self._lot.records(whole.lots)
        if not _complete(lots):
            raise ValueError("a lot, or all together, hold too much")
        asked: RefundRequest = self._request.records([whole.request])[0]
        if asked.papers and not self._paper_names.issuperset([shown.paper for shown in asked.papers]):
            raise ValueError("a paper is not known")
        if asked.lots and not len({lot.id for lot in lots}.intersection(asked.lots)) == len(asked.lots):
            raise ValueError("a chosen lot is not there, or is chosen twice")
        if (asked.points is None) == (asked.money is None):
            raise ValueError("a request is for points or for money")
        history = [_past_refund(self._past.values(past)) for past in whole.history]
        if _repeats(lots) or _repeats(history):
            raise ValueError("ids are unique")
        return Case(
            self._account.records([whole.account])[0],
            _by_id(lots),
            asked,
            _in_time(history),
            instant(whole.as_of),
        )

    def _case_in_parts(self, data: object) -> Case:
        errors: Errors = []
        account, lots, request, history, as_of = self._case.read(data, "", errors)
        if errors:
            raise self._bad(data, errors)
        asking = self._account.read(account, "account", errors)
        held = self._read_lots(lots, errors)
        asked = self._request.read(request, "request", errors)
        self._check_papers(request, errors)
        past = [_past_refund(values) for values in _read_list(self._past, history, "history", errors)]
        _check_amount(request, errors)
        if asked.lots and not errors:
            _check_chosen(asked.lots, held, errors)
        if errors:
            raise BadCase(errors)
        return Case(asking, held, asked, _in_time(past), as_of)

    def event_case(self, data: object) -> EventCase:
        errors: Errors = []
        account, event, earned, lots = self._event_case.read(data, "", errors)
        if errors:
            raise self._bad(data, errors)
        case = EventCase(
            self._account.read(account, "account", errors),
            self._event.read(event, "event", errors),
            tuple(Earning(*values) for values in _read_list(self._earning, earned, "earned", errors)),
            self._read_lots(lots, errors),
        )
        if not errors:
            errors += _undone_too_far(case.earned)
        if errors:
            raise BadCase(errors)
        ordered = tuple(sorted(case.earned, key=attrgetter("happened_at", "id")))
        return EventCase(case.account, case.event, ordered, case.lots)

    def day_case(self, data: object) -> DayCase:
        errors: Errors = []
        account, lots, day = self._day_case.read(data, "", errors)
        if errors:
            raise self._bad(data, errors)
        case = DayCase(self._account.read(account, "account", errors), self._read_lots(lots, errors), day)
        if errors:
            raise BadCase(errors)
        return case

    def _bad(self, data: object, errors: Errors) -> BadCase:
        """What is wrong with a case as a whole, and with those of its parts that are there."""
        found = [(path.removeprefix("."), message) for path, message in errors]
        objects = {"account": self._account, "request": self._request, "event": self._event}
        lists = {"lots": self._lot.reader, "history": self._past, "earned": self._earning}
        for name, part in data.items() if isinstance(data, dict) else ():
            if name in objects:
                objects[name].reader.read(part, name, found)
                if name == "request":
                    self._check_papers(part, found)
                    _check_amount(part, found)
            elif name in lists:
                lists[name].read_list(part, name, found)
        return BadCase(found)

    def _check_papers(self, request: object, errors: Errors) -> None:
        """What is wrong with the papers of a request, each in its place."""
        if not isinstance(request, dict) or "papers" not in request:
            return
        papers = request["papers"]
        self._papers.read_list(papers, "request.papers", errors)
        if isinstance(papers, list) and len(papers) > MOST_PAPERS:
            message = both("서류가 {count}건 있습니다", "holds {count} papers", count=len(papers))
            hint = both("{most}건까지 쓰십시오", "show at most {most}", most=MOST_PAPERS)
            errors.append(("request.papers", Mistake(message, hint)))

    def _read_lots(self, data: object, errors: Errors) -> tuple[Lot, ...]:
        before = len(errors)
        found = _read_list(self._lot.reader, data, "lots", errors)
        if len(errors) > before:
            return ()
        lots: list[Lot] = [self._lot.record(values) for values in found]
        _complete(lots)
        for index, lot in enumerate(lots):
            if lot.left > lot.amount:
                message = both(
                    "적립된 {amount}포인트보다 많습니다({left})",
                    "is {left}, more than the lot's amount of {amount}",
                    left=lot.left,
                    amount=lot.amount,
                )
                errors.append((f"lots.{index}.left", Mistake(message, _or_less(lot.amount))))
        if sum([lot.left for lot in lots]) > MOST_POINTS:
            message = both(
                "모두 더해 {most}포인트가 넘습니다", "hold more than {most} points together", most=MOST_POINTS
            )
            hint = both("이만큼 적립하는 프로그램은 없습니다", "no programme grants as many")
            errors.append(("lots", Mistake(message, hint)))
        return _by_id(lots)


def _complete(lots: list[Any]) -> bool:
    """Gives lots that nobody has seen yet what follows from their other facts, and was not said. Whether none of them
    holds more than it ever did, and all together no more than a case may.
    """
    together = 0
    sound = True
    for lot in lots:
        left = lot.left
        if left is None:
            left = lot.amount
            force_setattr(lot, "left", left)
        elif left > lot.amount:
            sound = False
        together += left
        if lot.usable_from_on is None:
            force_setattr(lot, "usable_from_on", lot.acquired_on)
    return sound and together <= MOST_POINTS


def _repeats(records: list[Any]) -> bool:
    """Whether two have the same id."""
    return len(records) > 1 and len({record.id for record in records}) < len(records)


def _by_id(lots: list[Lot]) -> tuple[Lot, ...]:
    lots.sort(key=_ID)
    return tuple(lots)


def _in_time(history: list[PastRefund]) -> tuple[PastRefund, ...]:
    if len(history) > 1:
        history.sort(key=_WHEN)
    return tuple(history)


_ID = attrgetter("id")
_WHEN = attrgetter("requested_at", "id")

# By identity, because a policy holds mappings and cannot be hashed. A policy that is gone is forgotten before its
# identity can be another's: a process in which text after text is published must not grow.
_REMEMBERED: dict[int, tuple[weakref.ref[Policy], _Readers]] = {}


def _readers(policy: Policy) -> _Readers:
    number = id(policy)
    known = _REMEMBERED.get(number)
    if known is None:
        gone = weakref.ref(policy, lambda _: _REMEMBERED.pop(number, None))
        known = _REMEMBERED[number] = (gone, _Readers(policy))
    return known[1]


def _read_list(of: ObjectReader, data: object, path: str, errors: Errors) -> list[list[Any]]:
    found = of.read_list(data, path, errors)
    if not errors:
        _check_ids([values[0] for values in found], path, errors)
    return found


def _undone_too_far(earned: Iterable[Earning]) -> Errors:
    """No more can have been taken back of what was earned than that, and no more of an event undone than there was."""
    errors: Errors = []
    for index, each in enumerate(earned):
        if each.taken > each.points:
            message = both(
                "적립된 {points}포인트보다 많습니다({taken})",
                "is {taken}, more than the {points} points earned",
                taken=each.taken,
                points=each.points,
            )
            errors.append((f"earned.{index}.taken", Mistake(message, _or_less(each.points))))
        if each.undone > each.amount:
            message = both(
                "이벤트 금액 {amount}보다 많습니다({undone})",
                "is {undone}, more than the event's amount of {amount}",
                undone=each.undone,
                amount=each.amount,
            )
            errors.append((f"earned.{index}.undone", Mistake(message, _or_less(each.amount))))
    return errors


def _or_less(most: int) -> Text:
    return both("{most} 이하로 쓰십시오", "write {most} or less", most=most)


def _check_ids(ids: list[str], path: str, errors: Errors) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, int] = {}
    for index, each in enumerate(ids):
        if each in seen:
            message = both(
                "{other}에 있는 id와 같습니다({id})",
                "is {id}, as in {other}",
                id=shown(each),
                other=f"{path}.{seen[each]}",
            )
            errors.append((f"{path}.{index}.id", Mistake(message, both("id는 서로 달라야 합니다", "ids are unique"))))
        seen.setdefault(each, index)


def _check_chosen(chosen: tuple[str, ...], lots: Iterable[Lot], errors: Errors) -> None:
    """Every chosen lot is one of the case's, and is chosen once."""
    known = [lot.id for lot in lots]
    for index, each in enumerate(chosen):
        path = f"request.lots.{index}"
        if each not in known:
            message = both("이 id의 lot이 없습니다: {found}", "is {found}, and no lot has that id", found=shown(each))
            hint = both("lots에 있는 id를 쓰십시오", "name lots of the case by their ids")
            errors.append((path, Mistake(message, did_you_mean(each, known) or hint)))
        elif each in chosen[:index]:
            message = both("lot을 두 번 골랐습니다: {found}", "is {found}, which is chosen twice", found=shown(each))
            errors.append((path, Mistake(message, both("한 번만 쓰십시오", "name it once"))))


def _entry(fact: Fact) -> Entry:
    found = reading.entry(fact)
    return Entry(found.name, AMOUNT, found.default) if fact.path in NEVER_NEGATIVE else found


def _paper(policy: Policy) -> Reader:
    """One of the papers that the policy declares."""
    if policy.papers:
        return choice(policy.papers)

    def read(raw: object) -> str:
        message = both("쓸 수 없는 값입니다({found})", "is {found}", found=shown(raw))
        hint = both("이 정책에는 선언된 서류가 없으니 쓰지 마십시오", "this policy declares no papers, so show none")
        raise Mistake(message, hint)

    return Reader(read)


def _check_amount(request: object, errors: Errors) -> None:
    """A request is for points or for money."""
    if not isinstance(request, Mapping):
        return
    given = [name for name in ("points", "money") if request.get(name) is not None]
    if len(given) == 2:
        message = both("포인트와 함께 있습니다", "stands beside points")
        errors.append(("request.money", Mistake(message, both("둘 중 하나만 신청하십시오", "ask for one of them"))))
    elif not given and "request.points" not in [path for path, _ in errors]:
        # Before whatever else is wrong with the request.
        place = next((n for n, (path, _) in enumerate(errors) if path.startswith("request.")), len(errors))
        hint = both("모든 신청에 이것이나 money가 있어야 합니다", "every case has to give it, or money")
        errors.insert(place, ("request.points", Mistake(both("빠져 있습니다", "is missing"), hint)))


def _past_refund(values: list[Any]) -> PastRefund:
    if values[-1] is None:
        values[-1] = values[_PAST_POINTS]
    return PastRefund(*values)


_PAST_POINTS = own_fields(PastRefund).index("points")


def _points_or_all(raw: object) -> int | str:
    if raw == "all":
        return "all"
    if type(raw) is int and raw == 0:
        hint = both('1포인트 이상 또는 "all" 값으로 신청하십시오', 'ask for at least 1 point, or for "all"')
        raise Mistake(both("0입니다", "is 0"), hint)
    if isinstance(raw, str):
        message = both("쓸 수 없는 값입니다({found})", "is {found}", found=shown(raw))
        hint = both('따옴표 없이 정수를 쓰거나 "all" 값을 쓰십시오', 'write a whole number without quotes, or "all"')
        raise Mistake(message, hint)
    points: int = POSITIVE.read(raw)
    return points


POINTS_OR_ALL = Reader(_points_or_all, Literal["all"] | Annotated[int, Meta(ge=1, le=MOST)])
"""The points of a request."""
