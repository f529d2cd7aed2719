"""What the API answers with: plain JSON data out of what is kept, with a `text` in one language.

Every sentence stands in Korean and English already; `text` repeats the one that the caller asked
for, so that a page can show an answer without choosing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from engine.compiled import CompiledVersion
from engine.own_earning import OwnWay
from engine.reading import day_words
from policies.earning import WayToEarn, ways_to_earn
from policies.model import Policy, Text
from policies.versions import PolicyVersion
from service.clock import to_the_second
from service.deliveries import Delivery
from service.drafts import Draft, Withdrawal, Withdrawn
from service.events import Told
from service.faq import Found, Links, Shown
from service.inquiries import Entry, Inquiry
from service.moves import Move, allowed
from service.outbox import Message
from service.publishing import Listed
from service.records import Record
from service.refund_requests import DamagedRequest, Filed, Hold
from service.webhooks import Webhook

NESTED = (dict, list)


def decision_answer(record: Record, language: str, links: Links) -> dict[str, Any]:
    """A decision; one that was not recorded has no id. `links` say which entries of the FAQ explain a reason."""
    policy = record.decision["policy"]
    return {
        "id": record.id or None,
        "recorded": record.id != "",
        "decided_at": record.decided_at,
        **record.decision,
        "reasons": with_both(record.decision["reasons"], language, policy, links),
        "lots": with_both(record.decision["lots"], language, policy, links),
    }


def kept_decision_answer(record: Record, language: str, links: Links) -> dict[str, Any]:
    """A recorded decision with the case that it was made on; null where that was erased after its time."""
    return {**decision_answer(record, language, links), "case": None if record.erased else record.case}


def filed_answer(filed: Filed, holds: Sequence[Hold], record: Record, language: str, links: Links) -> dict[str, Any]:
    """A refund request that was just filed, with the whole decision that it got."""
    return {**refund_request_answer(filed, holds), "decision": decision_answer(record, language, links)}


def refund_request_answer(filed: Filed, holds: Sequence[Hold], moves: Sequence[Move] = ()) -> dict[str, Any]:
    """A refund request, what it holds, and the moves that it made."""
    return {
        **refund_request_line(filed),
        "holds": [{"lot": hold.lot, "points": hold.points, "state": hold.state} for hold in holds],
        "moves": [
            {
                "name": each.name,
                "before": each.before,
                "state": each.state,
                "by": each.by or None,
                "reason": each.reason or None,
                "moved_at": each.moved_at,
            }
            for each in moves
        ],
    }


def refund_request_line(filed: Filed) -> dict[str, Any]:
    """A refund request in a list, with the moves that its state allows."""
    return {
        "id": filed.id,
        "account": filed.account,
        "state": filed.state,
        "points": filed.points,
        "method": filed.method,
        "fee": filed.decision["fee"],
        "payout": filed.decision["payout"],
        "payable_on": filed.decision["payable_on"],
        "requested_at": filed.requested_at,
        "moved_at": filed.moved_at,
        "decision_id": filed.decision_id,
        "last_held_on": filed.decision.get("last_held_on"),
        "allowed": allowed(filed.state),
    }


def met_line(met: Filed | DamagedRequest, language: str) -> dict[str, Any]:
    """A refund request in a list, or what its own row tells of one whose decision somebody changed."""
    if isinstance(met, Filed):
        return refund_request_line(met)
    *own, why = met
    return {**dict(zip(met._fields, own, strict=False)), "detail": why.in_language(language)}


def parted(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A page of refund requests, those apart whose decision somebody changed."""
    return {
        "refund_requests": [line for line in lines if "detail" not in line],
        "damaged": [line for line in lines if "detail" in line],
    }


def event_answer(told: Told, language: str, links: Links) -> dict[str, Any]:
    """An event and what it came to."""
    return {
        "id": told.id,
        "account": told.account,
        "type": told.type,
        "of": told.of or None,
        "state": told.state,
        "happened_at": told.happened_at,
        "entered_at": told.entered_at,
        "answer": told.answer and with_both(told.answer, language, told.answer["policy"], links),
    }


def version_answer(listed: Listed) -> dict[str, Any]:
    """A published version without its text."""
    return {
        "policy": listed.policy,
        "version": listed.number,
        "digest": listed.digest,
        "starts": listed.starts,
        "published_at": listed.published_at,
        "effective_from": listed.effective_from,
        "restores": listed.restores,
    }


def draft_line(draft: Draft) -> dict[str, Any]:
    """A draft in a list."""
    return {
        "id": draft.id,
        "policy": draft.policy,
        "digest": draft.digest,
        "base": draft.base,
        "state": draft.state,
        "passed": draft.passed,
        "about": draft.about,
        "by": draft.actor,
        "drafted_at": draft.drafted_at,
        "version": draft.number,
        "effective_from": draft.effective_from,
    }


def draft_answer(draft: Draft, language: str) -> dict[str, Any]:
    """A draft with its texts, what its checks came to, and what its approver is to see."""
    data = draft.data or {"checks": list(draft.steps), "shown": None}
    # Drafts of an earlier release were checked without their impact and examples.
    shown = data["shown"] and {"impact": None, "differences": None, **data["shown"]}
    return {
        **draft_line(draft),
        "rules": draft.text,
        "scenarios": draft.scenarios,
        **with_text({**data, "shown": shown}, language),
        "seen": draft.seen,
        "approved_by": draft.approved_by,
        "note": draft.note,
        "rejected_by": draft.rejected_by,
        "rejection": draft.rejection,
    }


def affected_answer(found: Sequence[tuple[str, dict[str, Any]]], *, named: bool) -> dict[str, Any]:
    """The accounts that a draft affects most; without their ids for who is not to see accounts."""
    return {"affected": [{"account": account if named else None, **data} for account, data in found]}


def withdrawal_answer(policy: str, found: Withdrawal, language: str) -> dict[str, Any]:
    """What a withdrawal would do."""
    return {
        "policy": policy,
        "version": found.number,
        "restores": found.former.number,
        "effective_from": to_the_second(found.former.effective_from),
        "changes": with_text(list(found.changes), language),
    }


def withdrawals_answer(found: Sequence[Withdrawn]) -> dict[str, Any]:
    """The versions of a policy that were taken back."""
    return {
        "withdrawals": [
            {
                "version": each.number,
                "published_as": each.published_as,
                "restores": each.restores,
                "by": each.actor,
                "at": each.at,
                "reason": each.reason,
            }
            for each in found
        ]
    }


def message_answer(message: Message) -> dict[str, Any]:
    """A message, as it is also sent to webhooks, with its id."""
    return {"id": message.id, "type": message.kind, "timestamp": message.at, "data": message.data}


def webhook_answer(webhook: Webhook) -> dict[str, Any]:
    """A webhook without its secret."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "kinds": list(webhook.kinds),
        "policy": webhook.policy or None,
        "state": webhook.state,
        "cause": webhook.cause or None,
        "created_at": webhook.created_at,
    }


def delivery_answer(delivery: Delivery) -> dict[str, Any]:
    """How far one message got on its way to one webhook."""
    return {
        "id": delivery.id,
        "message": delivery.message,
        "type": delivery.kind,
        "account": delivery.account or None,
        "webhook": delivery.webhook,
        "url": delivery.url,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at,
        "last_attempt_at": delivery.last_attempt_at,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error or None,
    }


def with_text(data: Any, language: str) -> Any:
    """The same data, where everything that is said in ko and en also has the `text` of one language.

    >>> with_text({"reasons": [{"rule": "r", "ko": "한도", "en": "limit"}]}, "ko")["reasons"][0]["text"]
    '한도'
    """
    return _walked(data, lambda found: _text_of(found, language))


def with_faq(data: Any, policy: str, links: Links) -> Any:
    """The same data, where every rule that says why also has the `faq`: the ids of the entries that explain it."""
    return _walked(data, lambda found: _faq_of(found, policy, links))


def with_both(data: Any, language: str, policy: str, links: Links) -> Any:
    """The same data with the `text` and the `faq`."""
    return _walked(data, lambda found: _text_of(found, language) | _faq_of(found, policy, links))


def _walked(data: Any, added: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    """Some data, where every object has what is added to it, too. Most have nothing added, and are not copied."""
    if not isinstance(data, NESTED):
        return data
    found: Any = data
    for place, value in enumerate(data) if isinstance(data, list) else data.items():
        # An answer has many more values than objects: most calls are saved here.
        if isinstance(value, NESTED):
            walked = _walked(value, added)
            if walked is not value:
                found = data.copy() if found is data else found
                found[place] = walked
    if isinstance(data, dict):
        more = added(data)
        return {**found, **more} if more else found
    return found


def _text_of(found: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {"text": found[language]} if "ko" in found and "en" in found else {}


def _faq_of(found: Mapping[str, Any], policy: str, links: Links) -> dict[str, Any]:
    return {"faq": links.about(policy, found["rule"])} if "rule" in found and "terms" in found else {}


def without_additions(data: Any) -> Any:
    """The record behind an answer: without the `text` and the `faq` that an answer adds to what is kept."""
    if isinstance(data, dict):
        added = {"text"} if "ko" in data and "en" in data else set()
        added |= {"faq"} if "rule" in data and "terms" in data else set()
        return {key: without_additions(each) for key, each in data.items() if key not in added}
    return [without_additions(each) for each in data] if isinstance(data, list) else data


def faq_line(shown: Shown, language: str) -> dict[str, Any]:
    """An entry of the FAQ in a list."""
    title = said(shown.title, language)
    about = list(shown.about)
    return {"id": shown.id, "policy": shown.policy, "topic": shown.topic, "about": about, "title": title}


def found_answer(found: Found, language: str) -> dict[str, Any]:
    """An entry that a search found, and where its words stand: begin and end in characters."""
    return {
        **faq_line(found.shown, language),
        "match": {
            "language": found.language,
            "title": found.shown.title.in_language(found.language),
            "title_highlights": [list(place) for place in found.title_places],
            "snippet": found.snippet,
            "highlights": [list(place) for place in found.places],
        },
    }


def inquiry_line(inquiry: Inquiry, today: date) -> dict[str, Any]:
    """An inquiry in a list. Days are left only while it waits for an answer; below zero it is overdue."""
    left = (inquiry.due_on - today).days if inquiry.state == "open" else None
    return {
        "id": inquiry.id,
        "account": inquiry.account,
        "kind": inquiry.kind,
        "state": inquiry.state,
        "language": inquiry.language,
        "refund_request_id": inquiry.request_id,
        "refund_state": inquiry.refund_state,
        "decision_id": inquiry.decision_id,
        "opened_at": inquiry.opened_at,
        "answered_at": inquiry.answered_at,
        "asked_back": inquiry.asked_back,
        "due_on": inquiry.due_on.isoformat(),
        "days_left": left,
        "overdue": left is not None and left < 0,
        "allowed": inquiry.allowed,
    }


def inquiry_answer(inquiry: Inquiry, entries: Sequence[Entry], today: date) -> dict[str, Any]:
    """An inquiry with everything that was said and done."""
    shown = [
        {
            "move": entry.move,
            "by": entry.who,
            "agent": entry.agent or None,
            "text": entry.text,
            "outcome": entry.outcome or None,
            "reason": entry.reason or None,
            "due_on": entry.due_on.isoformat() if entry.due_on else None,
            "at": entry.at,
        }
        for entry in entries
    ]
    return {**inquiry_line(inquiry, today), "entries": shown}


def policy_answer(policy: Policy, versions: Sequence[Listed], language: str) -> dict[str, Any]:
    """What a policy declares (by its newest version), and its versions, newest first."""
    return {
        "policy": policy.id,
        "title": said(policy.title, language),
        "currency": policy.currency,
        "timezone": policy.timezone,
        "sources": {name: said(text, language) for name, text in policy.sources.items()},
        "methods": {name: said(text, language) for name, text in policy.methods.items()},
        "papers": {name: said(text, language) for name, text in policy.papers.items()},
        "facts": {path: said(Text(policy.facts[path].ko, policy.facts[path].en), language) for path in policy.declared},
        "versions": [version_answer(listed) for listed in versions],
    }


def earning_answer(compiled: CompiledVersion, day: date, language: str) -> dict[str, Any]:
    """The ways to earn of a version, as they stand on a day."""
    ways = [_way(way, language) for way in ways_to_earn(compiled.policy, day)]
    return {"policy": compiled.policy.id, "version": compiled.version.number, "on": day.isoformat(), "ways": ways}


def own_earning_answer(
    version: PolicyVersion, account: str, own: Sequence[OwnWay], day: date, language: str
) -> dict[str, Any]:
    """The ways to earn of a version as they are for one account on a day."""
    ways = [
        {
            **_way(each.way, language),
            "earns": each.earns,
            "lacks": None if each.lacks is None else said(each.lacks, language),
            "figures": dict(each.figures),
            "tables": [
                {
                    "fact": table.fact,
                    "words": said(table.words, language),
                    "rows": [
                        {"words": said(row.words, language), "figure": said(row.figure, language), "own": row.own}
                        for row in table.rows
                    ],
                }
                for table in each.tables
            ],
        }
        for each in own
    ]
    of = {"account": account, "policy": version.policy.id, "version": version.number}
    return {**of, "on": day.isoformat(), "ways": ways}


def _way(way: WayToEarn, language: str) -> dict[str, Any]:
    return {
        "rule": way.rule.id,
        "terms": way.rule.terms,
        "event": {"type": way.rule.event, **said(way.event, language)},
        "source": way.rule.source,
        "campaign": way.rule.campaign if isinstance(way.rule.campaign, str) else "",
        "standing": way.standing,
        "first_on": day_words(way.first_on),
        "last_on": day_words(way.last_on),
        "sentence": said(way.sentence, language),
    }


def said(text: Text, language: str) -> dict[str, str]:
    """A sentence in both languages and in the one that the caller asked for."""
    return {"ko": text.ko, "en": text.en, "text": text.in_language(language)}
