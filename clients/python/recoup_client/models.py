"""What the service takes and gives, as types. Made from its OpenAPI document by `python -m tests.client_models`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Account(TypedDict):
    """A member's account. Facts that the policy declares stand beside these."""

    id: str
    status: NotRequired[Literal["active", "dormant", "suspended", "closed"]]
    kind: NotRequired[Literal["person", "company"]]
    identity_level: NotRequired[int]
    joined_on: str
    born_on: NotRequired[str | None]
    contact_verified: NotRequired[bool]
    contact_changed_on: NotRequired[str | None]
    last_activity_on: NotRequired[str | None]
    debt: NotRequired[int]
    points_debt: NotRequired[int]
    activity_days: NotRequired[list[str]]


class AccountChange(TypedDict):
    """Facts of an account, by their names."""

    id: NotRequired[str]
    status: NotRequired[Literal["active", "dormant", "suspended", "closed"]]
    kind: NotRequired[Literal["person", "company"]]
    identity_level: NotRequired[int]
    joined_on: NotRequired[str]
    born_on: NotRequired[str | None]
    contact_verified: NotRequired[bool]
    contact_changed_on: NotRequired[str | None]
    last_activity_on: NotRequired[str | None]
    debt: NotRequired[int]
    points_debt: NotRequired[int]
    activity_days: NotRequired[list[str]]


class AccountChangeIn(AccountChange):
    """Facts of an account, by their names (RFC 7396): what is left out stays, what is null falls to its default."""


class AccountIn(AccountChange):
    """All facts of an account, by their names; those that are left out have their defaults."""

    policy: str


class AuthorsProblem(TypedDict):
    """What is wrong with a rule file or its scenarios, and where."""

    code: str
    severity: Literal["problem", "advice"]
    file: str
    line: int
    column: int
    ko: str
    en: str
    text: str


class Balance(TypedDict):
    """What an account has on a day. A lot that is expired is listed, but not counted."""

    account: str
    policy: str
    version: int | None
    on: str
    method: str
    points: int
    usable: int
    pending: list[BalancePending]
    locked: int
    refundable: int
    points_debt: int
    held: int
    by_source: list[BalanceBySource]
    expiring: list[BalanceExpiring]
    lots: list[BalanceLots]


class BalanceBySource(TypedDict):
    source: str
    points: int
    usable: int
    refundable: int
    ko: str
    en: str
    text: str


class BalanceExpiring(TypedDict):
    last_usable_on: str
    points: int


class BalanceLots(TypedDict):
    """Points from one source at one time. `usable_from_on` is `acquired_on`, and `left` is `amount`, where they are
    left out. Facts that the policy declares stand beside these.
    """

    id: str
    source: str
    campaign: str
    acquired_on: str
    usable_from_on: str
    expires_on: str | None
    amount: int
    left: int
    locked: bool
    identity_level: int
    last_usable_on: NotRequired[str | None]
    expired: NotRequired[bool]
    usable: NotRequired[bool]
    refundable: NotRequired[bool]
    reasons: NotRequired[list[BalanceLotsReasons]]


class BalanceLotsReasons(TypedDict):
    rule: str
    kind: str
    terms: str
    ko: str
    en: str
    text: str
    faq: list[str]


class BalancePending(TypedDict):
    usable_from_on: str
    points: int


class Case(TypedDict):
    """Everything that a refund was judged on."""

    account: Account
    lots: list[Lot]
    request: Request
    history: list[PastRefund]
    as_of: str


class Checkpoint(TypedDict):
    """A signed head of the log."""

    origin: str
    size: int
    root: str
    note: str
    signed_at: str


class ConsistencyProof(TypedDict):
    """That the log of the newer size begins with that of the older one."""

    old: int
    new: int
    old_root: str
    hashes: list[str]
    new_root: str


class DamagedDecision(TypedDict):
    """A decision whose record is not what was written."""

    id: str
    detail: str
    row: DamagedDecisionRow
    replay: str


class DamagedDecisionRow(TypedDict):
    """What stands beside the record, by which it was found; null for what is not even of its type."""

    account: str | None
    policy: str | None
    digest: str | None
    outcome: str | None
    as_of: str | None
    points: int | None


class Decision(TypedDict):
    """A decision, with every rule that spoke. `gross` = `payout` + `fee` + `tax` + `offset`, all of them money."""

    id: str | None
    recorded: bool
    decided_at: str
    outcome: Literal["approved", "denied", "needs_review"]
    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    as_of: str
    requested_on: str
    request: Request
    points: int
    available: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None
    last_held_on: str | None
    allocation: list[DecisionAllocation]
    prices: list[DecisionPrices]
    fees: list[DecisionFees]
    taxes: list[DecisionTaxes]
    offsets: list[DecisionOffsets]
    reasons: list[Reason]
    lots: list[DecisionLots]
    trace: list[dict[str, Any]]
    erased: NotRequired[Literal["retention"]]


class DecisionAllocation(TypedDict):
    lot: str
    points: int


class DecisionFees(TypedDict):
    rule: str
    base: int
    fee: int


class DecisionIn(TypedDict):
    account: str | Account
    lots: NotRequired[list[Lot]]
    history: NotRequired[list[PastRefund]]
    request: Request
    as_of: NotRequired[str]
    policy: NotRequired[str]
    dry_run: NotRequired[bool]


class DecisionLine(TypedDict):
    """A decision, or why there is none."""

    line: int
    status: int
    decision: NotRequired[Decision]
    problem: NotRequired[Problem]


class DecisionLots(TypedDict):
    lot: str
    left: int
    last_usable_on: str | None
    allocated: int
    reasons: list[DecisionLotsReasons]


class DecisionLotsReasons(TypedDict):
    rule: str
    kind: str
    terms: str
    ko: str
    en: str
    text: str
    faq: list[str]


class DecisionOffsets(TypedDict):
    rule: str
    debt: int
    offset: int


class DecisionPrices(TypedDict):
    rule: str
    points: int
    money: int


class DecisionResult(TypedDict):
    """A decision, or why there is none."""

    status: int
    decision: NotRequired[Decision]
    problem: NotRequired[Problem]


class DecisionResults(TypedDict):
    """One result for each item, in order."""

    results: list[DecisionResult]


class DecisionTaxes(TypedDict):
    rule: str
    base: int
    tax: int


class DecisionsIn(TypedDict):
    items: list[DecisionIn | Any]


class Deliveries(TypedDict):
    deliveries: list[Delivery]
    next: str | None


class Delivery(TypedDict):
    """How far one message got on its way to one webhook."""

    id: str
    message: str
    type: str
    account: str | None
    webhook: str
    url: str
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    next_attempt_at: str | None
    last_attempt_at: str | None
    last_status: int | None
    last_error: str | None


class Earning(TypedDict):
    policy: str
    version: int
    on: str
    ways: list[EarningWays]


class EarningWays(TypedDict):
    rule: str
    terms: str
    event: EarningWaysEvent
    source: str
    campaign: str
    standing: Literal["open", "to_come", "over"]
    first_on: str | None
    last_on: str | None
    sentence: EarningWaysSentence


class EarningWaysEvent(TypedDict):
    """What has to happen."""

    type: str
    ko: str
    en: str
    text: str


class EarningWaysSentence(TypedDict):
    """The rule in words, with the figures of today."""

    ko: str
    en: str
    text: str


class Entries(TypedDict):
    entries: list[Entry]
    next: str | None


class Entry(TypedDict):
    """One change of one lot."""

    id: int
    lot: str
    source: str
    kind: Literal["grant", "hold", "release", "reverse", "use", "take_back", "repay", "expire", "charge"]
    points: int
    refund_request: str | None
    event: str | None
    rule: str | None
    happened_at: str
    entered_at: str


class Event(TypedDict):
    """Something that happened to a member. The `amount` of `points_used` is in points. Facts that the policy
    declares stand beside these.
    """

    id: str
    account: str
    happened_at: str
    type: Literal["bill_paid", "purchase", "purchase_cancelled", "promotion_joined", "points_used"]
    amount: NotRequired[int]
    campaign: NotRequired[str]
    partner: NotRequired[str]
    of: NotRequired[str]


class EventAnswer(TypedDict):
    """What an event came to."""

    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    event: str
    happened_at: str
    happened_on: str
    points: int
    granted: list[EventAnswerGranted]
    asked: int
    taken: list[EventAnswerTaken]
    lapsed: int
    debt: int
    forgiven: int
    undone: list[EventAnswerUndone]
    used: list[EventAnswerUsed]
    returned: list[EventAnswerReturned]
    repaid: list[EventAnswerRepaid]
    awaited: list[EventAnswerAwaited]
    given_back: list[EventAnswerGivenBack]
    refused: bool
    reasons: list[EventAnswerReasons]
    trace: list[dict[str, Any]]
    erased: NotRequired[Literal["retention"]]


class EventAnswerAwaited(TypedDict):
    rule: str
    lot: str
    points: int


class EventAnswerGivenBack(TypedDict):
    lot: str
    points: int


class EventAnswerGranted(TypedDict):
    rule: str
    source: str
    points: int
    ko: str
    en: str
    text: str


class EventAnswerReasons(TypedDict):
    rule: str
    kind: str
    effect: str
    ko: str
    en: str
    text: str


class EventAnswerRepaid(TypedDict):
    lot: str
    points: int


class EventAnswerReturned(TypedDict):
    lot: str
    points: int


class EventAnswerTaken(TypedDict):
    rule: str
    lot: str
    points: int


class EventAnswerUndone(TypedDict):
    earning: str
    rule: str
    points: int


class EventAnswerUsed(TypedDict):
    lot: str
    points: int


class EventIn(Event):
    """Something that happened to a member; facts that the policy declares stand beside these."""


class EventResult(TypedDict):
    id: str | None
    status: int
    event: NotRequired[ToldEvent]
    problem: NotRequired[Problem]


class EventResults(TypedDict):
    """What came of each event, in the order in which they were sent."""

    results: list[EventResult]


class Events(TypedDict):
    events: list[ToldEvent]
    next: str | None


class EventsIn(TypedDict):
    events: list[Event | Any]


class Explanation(TypedDict):
    """Why a decision came out as it did."""

    decision_id: str
    decided_at: str
    account: str
    outcome: Literal["approved", "denied", "needs_review"]
    policy: str
    version: int | None
    digest: str
    engine: str
    language: Literal["en", "ko"]
    erased: ExplanationErased | None
    summary: ExplanationSummary
    asked: list[ExplanationAsked]
    groups: list[ExplanationGroups]
    sums: list[ExplanationSums]
    lots: list[ExplanationLots]
    nearest: ExplanationNearest | None
    contest: ExplanationContest | None
    source: ExplanationSource
    record: list[ExplanationRecord]


class ExplanationAsked(TypedDict):
    label: ExplanationAskedLabel
    value: ExplanationAskedValue


class ExplanationAskedLabel(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationAskedValue(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationContest(TypedDict):
    method: str | None
    path: str | None
    body: dict[str, Any] | None
    answered_within_days: int
    ko: str
    en: str
    text: str


class ExplanationErased(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationGroups(TypedDict):
    """Rules that spoke, by what they did, under a heading."""

    group: Literal["denies", "reviews", "amounts", "pays", "sets_aside"]
    ko: str
    en: str
    text: str
    points: int | None
    note: ExplanationGroupsNote | None
    rules: list[ExplanationGroupsRules]


class ExplanationGroupsNote(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationGroupsRules(TypedDict):
    rule: str
    kind: str
    effect: Literal["denies", "reviews", "prices", "charges", "pays", "excludes"]
    terms: str
    article: ExplanationGroupsRulesArticle
    said: list[ExplanationGroupsRulesSaid]
    values: list[ExplanationGroupsRulesValues]
    criteria: list[ExplanationGroupsRulesCriteria]
    remedy: Remedy | None
    more: ExplanationGroupsRulesMore


class ExplanationGroupsRulesArticle(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationGroupsRulesCriteria(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationGroupsRulesMore(TypedDict):
    """What the rule says in general, as its author wrote it, and all its figures."""

    ko: str
    en: str
    text: str
    figures: list[ExplanationGroupsRulesMoreFigures]


class ExplanationGroupsRulesMoreFigures(TypedDict):
    name: str
    value: Any
    ko: str
    en: str
    text: str


class ExplanationGroupsRulesSaid(TypedDict):
    """A reason to the member, and the lots that it is about; none: it is about the request."""

    ko: str
    en: str
    text: str
    lots: list[ExplanationGroupsRulesSaidLots]


class ExplanationGroupsRulesSaidLots(TypedDict):
    lot: str
    source: str | None
    acquired_on: str | None
    points: int
    refundable_from: str | None
    ko: str
    en: str
    text: str


class ExplanationGroupsRulesValues(TypedDict):
    """A dated value by which the rule spoke, as it applied."""

    value: str
    terms: str
    about: str
    figure: Any
    since: str | None
    until: str | None
    ko: str
    en: str
    text: str


class ExplanationLots(TypedDict):
    lot: str
    source: str | None
    acquired_on: str | None
    left: int
    allocated: int
    last_usable_on: str | None
    rules: list[str]
    ko: str
    en: str
    text: str


class ExplanationNearest(TypedDict):
    """The nearest request that passes, as it was really decided, or that none was found."""

    found: bool
    set: dict[str, Any] | None
    decision: ExplanationNearestDecision | None
    today: ExplanationNearestToday | None
    ko: str
    en: str
    text: str


class ExplanationNearestDecision(TypedDict):
    outcome: Literal["approved", "denied", "needs_review"]
    points: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None


class ExplanationNearestToday(TypedDict):
    """What would pass on the same day, if what the reasons ask for of the member and of who asks were so."""

    set: dict[str, Any]
    decision: ExplanationNearestTodayDecision
    ko: str
    en: str
    text: str


class ExplanationNearestTodayDecision(TypedDict):
    outcome: Literal["approved", "denied", "needs_review"]
    points: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None


class ExplanationRecord(TypedDict):
    name: str
    ko: str
    en: str
    text: str


class ExplanationSource(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationSummary(TypedDict):
    ko: str
    en: str
    text: str


class ExplanationSums(TypedDict):
    name: str
    value: int
    ko: str
    en: str
    text: str


class FaqEntries(TypedDict):
    total: int
    entries: list[FaqEntriesEntries]


class FaqEntriesEntries(TypedDict):
    id: str
    policy: str
    topic: Literal["applying", "points", "earning", "limits", "payment", "checks", "result", "other"]
    about: list[str]
    title: FaqEntriesEntriesTitle
    match: FaqEntriesEntriesMatch | None


class FaqEntriesEntriesMatch(TypedDict):
    language: str
    title: str
    title_highlights: list[list[int]]
    snippet: str
    highlights: list[list[int]]


class FaqEntriesEntriesTitle(TypedDict):
    ko: str
    en: str
    text: str


class FaqEntry(TypedDict):
    """A question and its answer."""

    id: str
    policy: str
    topic: Literal["applying", "points", "earning", "limits", "payment", "checks", "result", "other"]
    about: list[str]
    title: FaqEntryTitle
    answer: FaqEntryAnswer


class FaqEntryAnswer(TypedDict):
    """Markdown, with the figures of today."""

    ko: str
    en: str
    text: str


class FaqEntryTitle(TypedDict):
    ko: str
    en: str
    text: str


class FoundDecision(TypedDict):
    """A decision in a list."""

    id: str
    decided_at: str
    as_of: str
    requested_on: str
    account: str
    policy: str
    version: int
    digest: str
    outcome: Literal["approved", "denied", "needs_review"]
    points: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    reasons: list[str]
    rules: list[str]
    erased: NotRequired[Literal["retention"]]


class FoundDecisions(TypedDict):
    decisions: list[FoundDecision]
    damaged: list[DamagedDecision]
    next: str | None


class InclusionProof(TypedDict):
    """That a leaf stands in its place in the log of a size."""

    seq: int
    size: int
    leaf_hash: str
    hashes: list[str]
    root: str


class Inquiries(TypedDict):
    inquiries: list[InquiryLine]
    next: str | None


class Inquiry(TypedDict):
    """An inquiry and everything said in it."""

    id: str
    account: str
    kind: Literal["question", "contest"]
    state: Literal["open", "answered", "closed", "withdrawn"]
    language: Literal["en", "ko"]
    refund_request_id: str | None
    refund_state: str | None
    decision_id: str | None
    opened_at: str
    answered_at: str | None
    asked_back: bool
    due_on: str
    days_left: int | None
    overdue: bool
    allowed: list[str]
    entries: list[InquiryEntries]


class InquiryEndIn(TypedDict):
    by: Literal["member", "agent"]
    agent: NotRequired[str]
    text: NotRequired[str]


class InquiryEntries(TypedDict):
    move: Literal["open", "add", "ask", "answer", "close", "withdraw"]
    by: Literal["member", "agent"]
    agent: str | None
    text: str
    outcome: Literal["upheld", "overturned", "explained", None]
    reason: str | None
    due_on: str | None
    at: str


class InquiryEntryIn(TypedDict):
    by: Literal["member", "agent"]
    agent: NotRequired[str]
    text: str
    outcome: NotRequired[Literal["upheld", "overturned", "explained"]]
    reason: NotRequired[str]


class InquiryIn(TypedDict):
    account: str
    kind: Literal["question", "contest"]
    text: str
    decision_id: NotRequired[str]
    refund_request_id: NotRequired[str]
    language: NotRequired[Literal["en", "ko"]]


class InquiryInFull(TypedDict):
    """An inquiry, the refund request as it is now, and the decision explained."""

    id: str
    account: str
    kind: Literal["question", "contest"]
    state: Literal["open", "answered", "closed", "withdrawn"]
    language: Literal["en", "ko"]
    refund_request_id: str | None
    refund_state: str | None
    decision_id: str | None
    opened_at: str
    answered_at: str | None
    asked_back: bool
    due_on: str
    days_left: int | None
    overdue: bool
    allowed: list[str]
    entries: list[InquiryInFullEntries]
    refund_request: InquiryInFullRefundRequest | None
    explanation: InquiryInFullExplanation | None


class InquiryInFullEntries(TypedDict):
    move: Literal["open", "add", "ask", "answer", "close", "withdraw"]
    by: Literal["member", "agent"]
    agent: str | None
    text: str
    outcome: Literal["upheld", "overturned", "explained", None]
    reason: str | None
    due_on: str | None
    at: str


class InquiryInFullExplanation(TypedDict):
    decision: Decision
    lines: list[str]


class InquiryInFullRefundRequest(TypedDict):
    id: str
    account: str
    state: str
    points: int
    method: str
    fee: int
    payout: int
    payable_on: str | None
    requested_at: str
    moved_at: str | None
    decision_id: str
    last_held_on: str | None
    allowed: list[str]


class InquiryLine(TypedDict):
    id: str
    account: str
    kind: Literal["question", "contest"]
    state: Literal["open", "answered", "closed", "withdrawn"]
    language: Literal["en", "ko"]
    refund_request_id: str | None
    refund_state: str | None
    decision_id: str | None
    opened_at: str
    answered_at: str | None
    asked_back: bool
    due_on: str
    days_left: int | None
    overdue: bool
    allowed: list[str]


class JustFiled(TypedDict):
    """A refund request with the decision it got."""

    id: str
    account: str
    state: str
    points: int
    method: str
    fee: int
    payout: int
    payable_on: str | None
    requested_at: str
    moved_at: str | None
    decision_id: str
    last_held_on: str | None
    allowed: list[str]
    holds: list[JustFiledHolds]
    moves: list[JustFiledMoves]
    decision: Decision


class JustFiledHolds(TypedDict):
    lot: str
    points: int
    state: str


class JustFiledMoves(TypedDict):
    """A step in the life of a refund request."""

    name: str
    before: str
    state: str
    by: str | None
    reason: str | None
    moved_at: str


class KeptDecision(TypedDict):
    """A recorded decision and what it was made on."""

    id: str | None
    recorded: bool
    decided_at: str
    outcome: Literal["approved", "denied", "needs_review"]
    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    as_of: str
    requested_on: str
    request: Request
    points: int
    available: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None
    last_held_on: str | None
    allocation: list[KeptDecisionAllocation]
    prices: list[KeptDecisionPrices]
    fees: list[KeptDecisionFees]
    taxes: list[KeptDecisionTaxes]
    offsets: list[KeptDecisionOffsets]
    reasons: list[Reason]
    lots: list[KeptDecisionLots]
    trace: list[dict[str, Any]]
    erased: NotRequired[Literal["retention"]]
    case: Case | None


class KeptDecisionAllocation(TypedDict):
    lot: str
    points: int


class KeptDecisionFees(TypedDict):
    rule: str
    base: int
    fee: int


class KeptDecisionLots(TypedDict):
    lot: str
    left: int
    last_usable_on: str | None
    allocated: int
    reasons: list[KeptDecisionLotsReasons]


class KeptDecisionLotsReasons(TypedDict):
    rule: str
    kind: str
    terms: str
    ko: str
    en: str
    text: str
    faq: list[str]


class KeptDecisionOffsets(TypedDict):
    rule: str
    debt: int
    offset: int


class KeptDecisionPrices(TypedDict):
    rule: str
    points: int
    money: int


class KeptDecisionTaxes(TypedDict):
    rule: str
    base: int
    tax: int


class KeptVersion(TypedDict):
    """A published text, and all else that its digest covers."""

    policy: str
    version: int
    digest: str
    starts: str
    published_at: str
    effective_from: str | None
    restores: int | None
    text: str
    holidays: list[str]


class LogEntry(TypedDict):
    """A leaf of the log, and what it stands for."""

    seq: int
    kind: Literal[
        "policy_version",
        "policy_draft",
        "draft_about",
        "draft_check",
        "draft_rejection",
        "publication",
        "shadow",
        "shadow_end",
        "decision",
        "refund_request",
        "move",
        "ledger_entry",
        "event",
        "event_answer",
        "take_back",
        "debt_entry",
        "claim_entry",
        "notice",
        "inquiry_entry",
        "access_key",
        "access_key_end",
        "decision_read",
        "erasure",
        "erased_record",
    ]
    reference: str
    salt: str | None
    digest: str
    body: dict[str, Any] | None
    leaf_hash: str


class Lot(TypedDict):
    """Points from one source at one time. `usable_from_on` is `acquired_on`, and `left` is `amount`, where they are
    left out. Facts that the policy declares stand beside these.
    """

    id: str
    source: str
    campaign: NotRequired[str]
    acquired_on: str
    usable_from_on: NotRequired[str]
    expires_on: NotRequired[str | None]
    amount: int
    left: NotRequired[int]
    locked: NotRequired[bool]
    identity_level: NotRequired[int]


class MemberTokenIn(TypedDict):
    account: str
    minutes: NotRequired[int]


class Message(TypedDict):
    id: str
    type: Literal[
        "refund_request.approved",
        "refund_request.denied",
        "refund_request.needs_review",
        "refund_request.refused",
        "refund_request.settled",
        "refund_request.failed",
        "refund_request.cancelled",
        "refund_request.lapsed",
        "refund_request.reversed",
        "points.earned",
        "points.taken_back",
        "points.given_back",
        "points.repaid",
        "points.expired",
        "points.charged",
        "points.notice",
        "inquiry.opened",
        "inquiry.answered",
        "policy.published",
        "policy.withdrawn",
    ]
    timestamp: str
    data: dict[str, Any]


class Messages(TypedDict):
    """Messages, in the order in which they became visible."""

    messages: list[Message]
    next: str | None


class MoveIn(TypedDict):
    by: NotRequired[str]
    reason: NotRequired[str]


class NewMemberToken(TypedDict):
    """A token for one account."""

    account: str
    token: str
    expires_at: str


class NewWebhook(TypedDict):
    id: str
    url: str
    kinds: list[str]
    policy: str | None
    state: Literal["active", "disabled", "removed"]
    cause: str | None
    created_at: str
    secret: str


class Notice(TypedDict):
    """A notice that was due on a day."""

    id: int
    day: str
    rule: str
    terms: str
    before: str
    last_usable_on: str | None
    charged_on: str | None
    points: int
    lots: list[str]
    noticed_at: str
    ko: str
    en: str
    text: str


class Notices(TypedDict):
    notices: list[Notice]
    next: str | None


class OptionsIn(TypedDict):
    request: NotRequired[PlannedRequest]


class OwnEarning(TypedDict):
    """What an account earns: what is open stands first, and of that what the account earns by."""

    account: str
    policy: str
    version: int
    on: str
    ways: list[OwnEarningWays]


class OwnEarningWays(TypedDict):
    rule: str
    terms: str
    event: OwnEarningWaysEvent
    source: str
    campaign: str
    standing: Literal["open", "to_come", "over"]
    first_on: str | None
    last_on: str | None
    sentence: OwnEarningWaysSentence
    earns: bool
    lacks: OwnEarningWaysLacks | None
    figures: OwnEarningWaysFigures
    tables: list[OwnEarningWaysTables]


class OwnEarningWaysEvent(TypedDict):
    """What has to happen."""

    type: str
    ko: str
    en: str
    text: str


class OwnEarningWaysFigures(TypedDict):
    """The account's own figures; null where the rule has none, or where it takes the event to know it."""

    points: int | None
    every: int | None
    rate: str | None
    at_least: int | None
    at_most: int | None
    cap: int | None


class OwnEarningWaysLacks(TypedDict):
    ko: str
    en: str
    text: str


class OwnEarningWaysSentence(TypedDict):
    """The rule in words, with the account's own figures and without what the account meets."""

    ko: str
    en: str
    text: str


class OwnEarningWaysTables(TypedDict):
    """A figure that differs from account to account."""

    fact: str
    words: OwnEarningWaysTablesWords
    rows: list[OwnEarningWaysTablesRows]


class OwnEarningWaysTablesRows(TypedDict):
    words: OwnEarningWaysTablesRowsWords
    figure: OwnEarningWaysTablesRowsFigure
    own: bool


class OwnEarningWaysTablesRowsFigure(TypedDict):
    ko: str
    en: str
    text: str


class OwnEarningWaysTablesRowsWords(TypedDict):
    """For whom."""

    ko: str
    en: str
    text: str


class OwnEarningWaysTablesWords(TypedDict):
    """What that fact is called."""

    ko: str
    en: str
    text: str


class PastRefund(TypedDict):
    """A refund asked for before, by the account or to the same receiving account."""

    id: str
    account_id: str
    requested_at: str
    points: int
    method: str
    receiving_account: NotRequired[str]
    state: Literal[
        "approved", "needs_review", "settled", "denied", "refused", "failed", "cancelled", "lapsed", "reversed"
    ]
    payout: NotRequired[int | None]


class PlannedRequest(TypedDict):
    """What is known of a request before it is made. Facts that the policy declares stand beside these."""

    method: NotRequired[str]
    points: NotRequired[int | Any]
    channel: NotRequired[Literal["web", "app", "call_centre"]]
    applicant: NotRequired[Literal["member", "guardian", "agent", "heir"]]
    receiving_account: NotRequired[str]
    receiving_holder: NotRequired[Literal["member", "guardian", "agent", "heir", "company", "other", "unknown"]]
    destination_balance: NotRequired[int]
    papers: NotRequired[list[PlannedRequestPapers]]
    lots: NotRequired[list[str]]
    money: NotRequired[int]


class PlannedRequestPapers(TypedDict):
    paper: str
    issued_on: NotRequired[str | None]


class Policies(TypedDict):
    policies: list[PolicyVersionLine]


class Policy(TypedDict):
    policy: str
    title: PolicyTitle
    currency: str
    timezone: str
    sources: dict[str, Any]
    methods: dict[str, Any]
    papers: dict[str, Any]
    facts: dict[str, Any]
    versions: list[PolicyVersionLine]


class PolicyTitle(TypedDict):
    ko: str
    en: str
    text: str


class PolicyVersion(TypedDict):
    policy: str
    version: int
    digest: str
    starts: str
    published_at: str
    effective_from: str | None
    restores: int | None
    text: str


class PolicyVersionLine(TypedDict):
    policy: str
    version: int
    digest: str
    starts: str
    published_at: str
    effective_from: str | None
    restores: int | None


class PolicyVersions(TypedDict):
    versions: list[PolicyVersionLine]


class Problem(TypedDict):
    """A refusal (RFC 9457). `code` is for programs, `title` and `detail` for people."""

    type: str
    title: str
    status: int
    code: str
    detail: NotRequired[str]
    state: NotRequired[str]
    allowed: NotRequired[list[str]]
    inquiry: NotRequired[str]
    newest: NotRequired[int]
    version: NotRequired[str]
    roles: NotRequired[list[str]]
    held: NotRequired[list[str]]
    request_id: NotRequired[str]
    id: NotRequired[str]
    digest: NotRequired[str]
    missing: NotRequired[str]
    problems: NotRequired[list[AuthorsProblem]]
    errors: NotRequired[list[ProblemErrors]]


class ProblemErrors(TypedDict):
    pointer: NotRequired[str]
    parameter: NotRequired[str]
    header: NotRequired[str]
    detail: str


class Read(TypedDict):
    """Somebody was shown a decision."""

    id: int
    decision: str | None
    reader: str
    key: str | None
    roles: list[str]
    address: str
    read_at: str


class Reads(TypedDict):
    reads: list[Read]
    next: str | None


class Reason(TypedDict):
    """A rule that spoke."""

    rule: str
    kind: str
    effect: Literal["denies", "reviews", "prices", "charges"]
    terms: str
    figures: dict[str, Any]
    remedy: Remedy | None
    ko: str
    en: str
    text: str
    faq: list[str]


class RefundOptions(TypedDict):
    """The ways to a refund, before one is asked for. Nothing is recorded."""

    account: str
    policy: str
    as_of: str
    options: list[RefundOptionsOptions]


class RefundOptionsOptions(TypedDict):
    method: str
    words: RefundOptionsOptionsWords
    outcome: Literal["approved", "denied", "needs_review"]
    points: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None
    last_held_on: str | None
    reasons: list[Reason]
    missing: list[RefundOptionsOptionsMissing]
    then: RefundOptionsOptionsThen | None


class RefundOptionsOptionsMissing(TypedDict):
    rule: str
    kind: str
    set: dict[str, Any] | None
    ko: str
    en: str
    text: str


class RefundOptionsOptionsThen(TypedDict):
    outcome: Literal["approved", "denied", "needs_review"]
    points: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None
    last_held_on: str | None


class RefundOptionsOptionsWords(TypedDict):
    ko: str
    en: str
    text: str


class RefundRequest(TypedDict):
    """A refund request, the points that it holds, and its life so far."""

    id: str
    account: str
    state: str
    points: int
    method: str
    fee: int
    payout: int
    payable_on: str | None
    requested_at: str
    moved_at: str | None
    decision_id: str
    last_held_on: str | None
    allowed: list[str]
    holds: list[RefundRequestHolds]
    moves: list[RefundRequestMoves]


class RefundRequestHolds(TypedDict):
    lot: str
    points: int
    state: str


class RefundRequestIn(TypedDict):
    account: str
    request: Request
    policy: NotRequired[str]


class RefundRequestLine(TypedDict):
    id: str
    account: str
    state: str
    points: int
    method: str
    fee: int
    payout: int
    payable_on: str | None
    requested_at: str
    moved_at: str | None
    decision_id: str
    last_held_on: str | None
    allowed: list[str]


class RefundRequestMoves(TypedDict):
    """A step in the life of a refund request."""

    name: str
    before: str
    state: str
    by: str | None
    reason: str | None
    moved_at: str


class RefundRequests(TypedDict):
    refund_requests: list[RefundRequestLine]
    damaged: list[RefundRequestsDamaged]
    next: str | None


class RefundRequestsDamaged(TypedDict):
    id: str
    account: str
    state: str
    points: int
    method: str
    requested_at: str
    decision_id: str
    detail: str


class Remedy(TypedDict):
    """The nearest change that would let the request pass."""

    set: dict[str, Any]
    ko: str
    en: str
    text: str


class Replay(TypedDict):
    """A decision made again from what is kept of it."""

    id: str
    again: bool
    erased: bool
    differences: list[str]
    engine: str
    recorded: ReplayRecorded
    now: ReplayNow | None


class ReplayNow(TypedDict):
    """What it comes to now; null where it cannot be decided."""

    outcome: Literal["approved", "denied", "needs_review"]
    points: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int


class ReplayRecorded(TypedDict):
    """What the record says of the same, and by which text and engine; null where it cannot be read."""

    digest: str | None
    engine: str | None
    outcome: str | None
    points: int | None
    gross: int | None
    fee: int | None
    tax: int | None
    offset: int | None
    payout: int | None


class Request(TypedDict):
    """What the member asks for. Facts that the policy declares stand beside these."""

    method: str
    points: NotRequired[int | Any]
    channel: NotRequired[Literal["web", "app", "call_centre"]]
    applicant: NotRequired[Literal["member", "guardian", "agent", "heir"]]
    receiving_account: NotRequired[str]
    receiving_holder: NotRequired[Literal["member", "guardian", "agent", "heir", "company", "other", "unknown"]]
    destination_balance: NotRequired[int]
    papers: NotRequired[list[RequestPapers]]
    lots: NotRequired[list[str]]
    money: NotRequired[int | None]


class RequestPapers(TypedDict):
    paper: str
    issued_on: NotRequired[str | None]


class StoredAccount(TypedDict):
    """A member's account. Facts that the policy declares stand beside these."""

    id: str
    status: Literal["active", "dormant", "suspended", "closed"]
    kind: Literal["person", "company"]
    identity_level: int
    joined_on: str
    born_on: str | None
    contact_verified: bool
    contact_changed_on: str | None
    last_activity_on: str | None
    debt: int
    points_debt: int
    activity_days: list[str]
    policy: str


class ToldEvent(TypedDict):
    """An event that was kept."""

    id: str
    account: str
    type: str
    of: str | None
    state: Literal["answered", "refused", "waiting"]
    happened_at: str
    entered_at: str
    answer: EventAnswer | None


class Webhook(TypedDict):
    """An address that wants messages."""

    id: str
    url: str
    kinds: list[str]
    policy: str | None
    state: Literal["active", "disabled", "removed"]
    cause: str | None
    created_at: str


class WebhookIn(TypedDict):
    url: str
    kinds: NotRequired[
        list[
            Literal[
                "refund_request.approved",
                "refund_request.denied",
                "refund_request.needs_review",
                "refund_request.refused",
                "refund_request.settled",
                "refund_request.failed",
                "refund_request.cancelled",
                "refund_request.lapsed",
                "refund_request.reversed",
                "points.earned",
                "points.taken_back",
                "points.given_back",
                "points.repaid",
                "points.expired",
                "points.charged",
                "points.notice",
                "inquiry.opened",
                "inquiry.answered",
                "policy.published",
                "policy.withdrawn",
            ]
        ]
    ]
    policy: NotRequired[str]


class Webhooks(TypedDict):
    webhooks: list[Webhook]


class WholeDecision(TypedDict):
    """All that is kept of a decision, and where it stands in the log."""

    id: str | None
    recorded: bool
    decided_at: str
    outcome: Literal["approved", "denied", "needs_review"]
    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    as_of: str
    requested_on: str
    request: Request
    points: int
    available: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None
    last_held_on: str | None
    allocation: list[WholeDecisionAllocation]
    prices: list[WholeDecisionPrices]
    fees: list[WholeDecisionFees]
    taxes: list[WholeDecisionTaxes]
    offsets: list[WholeDecisionOffsets]
    reasons: list[Reason]
    lots: list[WholeDecisionLots]
    trace: list[dict[str, Any]]
    erased: NotRequired[Literal["retention"]]
    case: Case | None
    text: WholeDecisionText
    leaf: WholeDecisionLeaf
    refund_request: str | None
    explanation: str
    reads: str


class WholeDecisionAllocation(TypedDict):
    lot: str
    points: int


class WholeDecisionFees(TypedDict):
    rule: str
    base: int
    fee: int


class WholeDecisionLeaf(TypedDict):
    """Its leaf of the log: the place, the digest that the leaf holds, and the hash of the leaf in base64."""

    seq: int
    digest: str
    leaf_hash: str
    entry: str
    inclusion: str


class WholeDecisionLots(TypedDict):
    lot: str
    left: int
    last_usable_on: str | None
    allocated: int
    reasons: list[WholeDecisionLotsReasons]


class WholeDecisionLotsReasons(TypedDict):
    rule: str
    kind: str
    terms: str
    ko: str
    en: str
    text: str
    faq: list[str]


class WholeDecisionOffsets(TypedDict):
    rule: str
    debt: int
    offset: int


class WholeDecisionPrices(TypedDict):
    rule: str
    points: int
    money: int


class WholeDecisionTaxes(TypedDict):
    rule: str
    base: int
    tax: int


class WholeDecisionText(TypedDict):
    """The text that it was made by."""

    policy: str
    version: int
    digest: str
    starts: str
    published_at: str
    effective_from: str | None
    restores: int | None
    address: str
