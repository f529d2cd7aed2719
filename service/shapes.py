"""What the API takes and gives, as marshmallow schemas: built once, strict about types.

A body is read in two steps. These schemas say which parts it has; what an account, a lot or a
request may say depends on the programme, so those parts are read by the engine, by the policy's own
vocabulary, and its complaints come back in the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields

from service import moves
from service.clock import spoken
from service.errors import LANGUAGES
from service.events import STATES as EVENT_STATES
from service.field_texts import FIELD_TEXTS
from service.inquiries import KINDS, OUTCOMES, STATES

MOST_EVENTS = 10_000
MOST_LOTS = 1_000
MOST_HISTORY = 1_000
LONGEST_ID = 200
# Each once: some are the outcome of a filing and of a review.
REFUND_STATES = tuple(dict.fromkeys(moves.STATES))
# The years that holiday calendars and additions of spans can take.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Complaint(ValidationError):
    """A mistake by its code in FIELD_TEXTS; `figures` fill its placeholders."""

    def __init__(self, code: str, **figures: object) -> None:
        assert code in FIELD_TEXTS, code
        super().__init__([{"code": code, "figures": figures}])


def _missing_and_null(code: str) -> dict[str, Any]:
    return {
        "required": {"code": "missing", "figures": {}},
        "null": {"code": code, "figures": {}},
    }


class Checked(fields.Field[Any]):
    """A field whose one function reads or complains; nothing is converted on the quiet."""

    def __init__(
        self,
        read: Callable[[object], object],
        null: str,
        schema: Mapping[str, object],
        *,
        about: str = "",
        **options: Any,
    ) -> None:
        described = {**schema, "description": about} if about else dict(schema)
        super().__init__(error_messages=_missing_and_null(null), metadata=described, **options)
        self.read = read

    def _deserialize(self, value: object, attr: str | None, data: Any, **kwargs: Any) -> object:
        return self.read(value)


def may_be_an_id(value: object) -> bool:
    """Whether callers can give something this id. U+FFFD stands where a decoder lost what was written; and with a space
    at an end one thing would have two ids that look the same.
    """
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or value != value.strip(" "):
        return False
    return value.isprintable() and "\ufffd" not in value


def _id(value: object) -> str:
    if not may_be_an_id(value):
        raise Complaint("not-an-id")
    return str(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Complaint("not-true-or-false")
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Complaint("not-an-object")
    return value


def list_of(most: int, complaint: str = "too-many") -> Callable[[object], object]:
    """Reads a list of up to so many things, or complains by this code."""

    def read(value: object) -> object:
        if not isinstance(value, list):
            raise Complaint("not-a-list")
        if len(value) > most:
            raise Complaint(complaint, most=most)
        return value

    return read


def judged_alone(shape: str) -> dict[str, Any]:
    """One of many things that are answered each by itself: its shape. A body with others is taken all the same."""
    return {"anyOf": [{"$ref": f"#/components/schemas/{shape}"}, {}]}


def _account(value: object) -> object:
    if isinstance(value, str):
        return _id(value)
    if not isinstance(value, dict):
        raise Complaint("not-an-account")
    return value


def _instant(value: object) -> str:
    """An instant as the engine takes it: in UTC, to the second."""
    if isinstance(value, str) and INSTANT.fullmatch(value):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and not FIRST_INSTANT <= found <= LAST_INSTANT:
            raise Complaint("out-of-range", written=value, least=spoken(FIRST_INSTANT), most=spoken(LAST_INSTANT))
        if found is not None:
            return spoken(found)
    raise Complaint("not-an-instant")


def _day(value: object) -> date:
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and not FIRST_DAY <= found <= LAST_DAY:
            raise Complaint("out-of-range", written=value, least=FIRST_DAY, most=LAST_DAY)
        if found is not None:
            return found
    raise Complaint("not-a-day")


def _language(value: object) -> str:
    if value not in LANGUAGES:
        raise Complaint("not-a-language")
    return str(value)


def _number(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 12) or not least <= int(text) <= most:
            raise Complaint("not-in-range", least=least, most=most)
        return int(text)

    return read


def _choice(*known: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in known:
            raise Complaint("not-a-choice", known=", ".join(known))
        return str(value)

    return read


def _seen(letter: str) -> bool:
    return letter.isprintable() and not letter.isspace()


def _words(most: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > most or not any(map(_seen, value)):
            raise Complaint("not-a-sentence", most=most)
        return value

    return read


ID = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": r"^\S(.*\S)?$"}


def an_id(about: str, **options: Any) -> Checked:
    """A field that holds an id, and may be left out where nothing else is said."""
    return Checked(_id, "not-an-id", ID, about=about, **options)


def a_number(least: int, most: int, about: str, **options: Any) -> Checked:
    """A field that holds a whole number, written as in an address."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Checked(_number(least, most), "not-in-range", schema, about=about, **options)


def a_day(about: str, **options: Any) -> Checked:
    """A field that holds a day."""
    return Checked(_day, "not-a-day", {"type": "string", "format": "date"}, about=about, **options)


def an_instant(about: str, **options: Any) -> Checked:
    """A field that holds an instant, read to the second."""
    return Checked(_instant, "not-an-instant", {"type": "string", "format": "date-time"}, about=about, **options)


POLICY_ABOUT = (
    "The policy to judge by. May be left out for a stored account (its own policy is taken) and where"
    " only one policy is published."
)


UNKNOWN: Mapping[str, Any] = {"code": "unknown", "figures": {}}


class Strict(Schema):
    """A schema that refuses what it does not know."""

    class Meta:
        unknown = RAISE

    error_messages: Any = {  # noqa: RUF012
        "unknown": UNKNOWN,
        "type": {"code": "not-an-object", "figures": {}},
    }


class DecisionIn(Strict):
    """What a decision is asked on: a stored account by its id, or an account and its lots in full."""

    account = Checked(
        _account,
        "not-an-account",
        {"oneOf": [ID, {"$ref": "#/components/schemas/Account"}]},
        about="The id of a stored account, or the facts of an account that need not be stored.",
        required=True,
    )
    lots = Checked(
        list_of(MOST_LOTS),
        "not-a-list",
        {"type": "array", "maxItems": MOST_LOTS, "items": {"$ref": "#/components/schemas/Lot"}},
        about="The lots of an account whose facts are in the body.",
    )
    history = Checked(
        list_of(MOST_HISTORY),
        "not-a-list",
        {"type": "array", "maxItems": MOST_HISTORY, "items": {"$ref": "#/components/schemas/PastRefund"}},
        about="Earlier refunds of an account whose facts are in the body; limits count them.",
    )
    request = Checked(_object, "not-an-object", {"$ref": "#/components/schemas/Request"}, required=True)
    as_of = Checked(
        _instant,
        "not-an-instant",
        {"type": "string", "format": "date-time"},
        about="The instant to judge at; now when left out.",
    )
    policy = Checked(_id, "not-an-id", ID, about=POLICY_ABOUT)
    dry_run = Checked(
        _flag,
        "not-true-or-false",
        {"type": "boolean", "default": False},
        about="true: the decision is made and answered, but not recorded.",
        load_default=False,
    )


class EventIn(Schema):
    """Something that happened to a member; facts that the policy declares stand beside these."""

    class Meta:
        unknown = INCLUDE

    error_messages: Any = {"type": {"code": "not-an-object", "figures": {}}}  # noqa: RUF012

    id = Checked(_id, "not-an-id", ID, about="The caller's id of the event, which it has for ever.", required=True)
    account = Checked(_id, "not-an-id", ID, about="The id of the account that it happened to.", required=True)
    happened_at = Checked(
        _instant,
        "not-an-instant",
        {"type": "string", "format": "date-time"},
        about="When it happened. It may be told later, and after others that happened later.",
        required=True,
    )


class AccountChangeIn(Schema):
    """Facts of an account, by their names (RFC 7396): what is left out stays, what is null falls to its default."""

    class Meta:
        unknown = INCLUDE

    error_messages: Any = {"type": {"code": "not-an-object", "figures": {}}}  # noqa: RUF012


class AccountIn(AccountChangeIn):
    """All facts of an account, by their names; those that are left out have their defaults."""

    policy = Checked(_id, "not-an-id", ID, about="The policy of the member's programme.", required=True)


class OptionsIn(Strict):
    """What is known of a refund request before it is made."""

    request = Checked(
        _object,
        "not-an-object",
        {"$ref": "#/components/schemas/PlannedRequest"},
        about="Without `points` and `money`, all points are asked for; with a `method`, only that way is looked at.",
        load_default=dict,
    )


class EventsIn(Strict):
    """Many events; each is taken or refused by itself."""

    events = Checked(
        list_of(MOST_EVENTS, "too-many-events"),
        "not-a-list",
        {"type": "array", "maxItems": MOST_EVENTS, "items": judged_alone("Event")},
        about="The events, in any order.",
        required=True,
    )


class RefundRequestIn(Strict):
    """A refund that a stored account asks for."""

    account = Checked(_id, "not-an-id", ID, about="The id of the account.", required=True)
    request = Checked(_object, "not-an-object", {"$ref": "#/components/schemas/Request"}, required=True)
    policy = Checked(_id, "not-an-id", ID, about=POLICY_ABOUT)


LANG = {"type": "string", "enum": list(LANGUAGES)}
LANG_ABOUT = "The language of `text` and of refusals; Accept-Language when left out."


class LanguageQuery(Strict):
    """The language of what is read."""

    lang = Checked(_language, "not-a-language", LANG, about=LANG_ABOUT)


class BalanceQuery(LanguageQuery):
    """The day that a balance is for."""

    on = a_day("The local day; today when left out. A past day answers what was left at its end.")


class PageQuery(LanguageQuery):
    """A page of a list, newest first where nothing else is said."""

    after = Checked(_id, "not-an-id", ID, about="The last id of the page before.")
    limit = Checked(
        _number(1, 200),
        "not-in-range",
        {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        about="How many to answer.",
        load_default=50,
    )


class NumberedPageQuery(PageQuery):
    """A page of a list whose items are numbered, newest first."""

    after = Checked(
        _number(1, 10**12 - 1),
        "not-in-range",
        {"type": "integer", "minimum": 1, "maximum": 10**12 - 1},
        about="The last id of the page before.",
    )


def a_choice(*known: str, about: str, **options: Any) -> Checked:
    """A field that holds one of these words."""
    field = Checked(_choice(*known), "not-a-choice", {"type": "string", "enum": list(known)}, about=about, **options)
    return null_as_any_other(field, "not-a-choice", known=", ".join(known))


def words_field(most: int, about: str, **options: Any) -> Checked:
    """A field that holds what people write."""
    schema = {"type": "string", "minLength": 1, "maxLength": most}
    field = Checked(_words(most), "not-a-sentence", schema, about=about, **options)
    return null_as_any_other(field, "not-a-sentence", most=most)


def null_as_any_other(field: Checked, code: str, **figures: object) -> Checked:
    """The field, which tells of null as of any other wrong value, with the figures."""
    field.error_messages["null"] = {"code": code, "figures": figures}
    return field


LONGEST_TEXT = 2_000
LONGEST_WORDS = 4_000
LONGEST_REASON = 500
WHO_ABOUT = "Who says it."
AGENT_ABOUT = "The id of the agent, which means nothing here; required of an agent."


class MoveIn(Strict):
    """Who makes a move of a refund request, and why."""

    by = Checked(_id, "not-an-id", ID, about="Who makes it: an opaque id. `approve` and `refuse` need it.")
    reason = words_field(LONGEST_TEXT, "Why. `refuse`, `fail` and `reverse` need it.")


class InquiryIn(Strict):
    """What a member asks, or contests."""

    account = Checked(_id, "not-an-id", ID, about="The id of the account.", required=True)
    kind = a_choice(*KINDS, about="A contest is about a decision or a refund request.", required=True)
    text = words_field(LONGEST_WORDS, "The member's own words.", required=True)
    decision_id = Checked(_id, "not-an-id", ID, about="The decision that it is about.")
    refund_request_id = Checked(_id, "not-an-id", ID, about="In its place: the refund request that it is about.")
    language = a_choice(*LANGUAGES, about="The member's language; that of the request when left out.")


class InquiryEntryIn(Strict):
    """What a member adds, or an agent says."""

    by = a_choice("member", "agent", about=WHO_ABOUT, required=True)
    agent = Checked(_id, "not-an-id", ID, about=AGENT_ABOUT)
    text = words_field(LONGEST_WORDS, "What the other side reads.", required=True)
    outcome = a_choice(
        *OUTCOMES, about="What an agent answers to a contest; without it the agent asks back, and the clock runs on."
    )
    reason = words_field(LONGEST_REASON, "Why the outcome is this one; required with it.")


class InquiryEndIn(Strict):
    """Who closes or withdraws an inquiry."""

    by = a_choice("member", "agent", about=WHO_ABOUT, required=True)
    agent = Checked(_id, "not-an-id", ID, about=AGENT_ABOUT)
    text = words_field(LONGEST_WORDS, "A last word, if there is one.")


class RefundRequestsQuery(PageQuery):
    """A page of the refund requests of all accounts, oldest first."""

    state = a_choice(*REFUND_STATES, about="Only those in this state; `needs_review` is what waits for somebody.")
    account = an_id("Only those of this account.")


class InquiryQuery(PageQuery):
    """A page of the inquiries of all accounts."""

    state = a_choice(*STATES, about="Only those in this state.")
    order = a_choice("due", "newest", about="due: what is overdue, then what is due next.", load_default="due")


class EventPageQuery(PageQuery):
    """A page of the events of an account."""

    state = a_choice(*EVENT_STATES, about="Only those in this state; `waiting`: for the event that they undo.")


class WaitingQuery(PageQuery):
    """A page of the events of all accounts that wait, those told first at the head."""

    state = a_choice("waiting", about="Those that wait for the event that they undo.", required=True)


class FaqQuery(LanguageQuery):
    """What the FAQ is asked."""

    q = words_field(200, "The words to look for; all entries by their ids when left out.")
    policy = Checked(_id, "not-an-id", ID, about="Only entries for this policy, and those for every policy.")
    limit = Checked(
        _number(1, 200),
        "not-in-range",
        {"type": "integer", "minimum": 1, "maximum": 200, "default": 10},
        about="How many to answer.",
        load_default=10,
    )


JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

ACCOUNT_CHANGE_IN = AccountChangeIn()
ACCOUNT_IN = AccountIn()


DECISION_IN = DecisionIn()
NUMBERED_PAGE_QUERY = NumberedPageQuery()
OPTIONS_IN = OptionsIn()
EVENT_IN = EventIn()
EVENTS_IN = EventsIn()
MOVE_IN = MoveIn()
INQUIRY_IN = InquiryIn()
INQUIRY_ENTRY_IN = InquiryEntryIn()
INQUIRY_END_IN = InquiryEndIn()
INQUIRY_QUERY = InquiryQuery()
FAQ_QUERY = FaqQuery()
REFUND_REQUEST_IN = RefundRequestIn()
REFUND_REQUESTS_QUERY = RefundRequestsQuery()
LANGUAGE_QUERY = LanguageQuery()
BALANCE_QUERY = BalanceQuery()
PAGE_QUERY = PageQuery()
EVENT_PAGE_QUERY = EventPageQuery()
WAITING_QUERY = WaitingQuery()
