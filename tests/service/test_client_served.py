"""The Python client with a real server: every method, on what the service really answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from recoup_client import (
    BadRequest,
    Broken,
    Client,
    Conflict,
    NotFound,
    RecordsDamaged,
    Unprocessable,
    new_idempotency_key,
)
from recoup_client.errors import refused
from service.config import Settings
from service.database import close_database, open_database, writing
from tests.service.builders import asking, lot_facts, open_account, publish_small
from tests.service.processes import forked
from tests.service.test_audit import unguard
from tests.service.test_reference import check

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def filled(template: Path, file: Path) -> str:
    """A database with the small policy and accounts of 30,000 points; its URL."""
    file.write_bytes(template.read_bytes())
    url = f"sqlite:///{file}"
    database = open_database(Settings(database_url=url))
    publish_small(database)
    for name in ("A", "B", "C"):
        open_account(database, lot_facts(10_000), lot_facts(20_000, acquired_on="2026-07-01"), name=name)
    for name in ("R", "S"):
        open_account(database, lot_facts(45_000), name=name)
    close_database(database)
    return url


@pytest.fixture(scope="module")
def service(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of such a database."""
    with forked(filled(sqlite_template, tmp_path_factory.mktemp("client") / "recoup.db")) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def client(service: str) -> Iterator[Client]:
    with Client(service, language="ko") as made:
        yield made


def test_a_decision_is_made_read_and_explained(client: Client) -> None:
    made = client.decide("A", asking(15_000))
    check(made, "Decision")
    assert (made["outcome"], made["recorded"]) == ("approved", True)
    assert client.decide("A", asking(15_000), dry_run=True, as_of=datetime(2026, 8, 1, tzinfo=UTC))["id"] is None
    assert made["id"] is not None
    assert client.decision(made["id"])["payout"] == made["payout"]
    check(client.explanation(made["id"]), "Explanation")
    assert client.explanation_text(made["id"]).startswith("결정")
    assert "<html" in client.explanation_text(made["id"], form="text/html")
    denied = client.decide("A", asking(60_000))
    assert (denied["outcome"], denied["reasons"][0]["text"]) == ("denied", denied["reasons"][0]["ko"])
    with pytest.raises(Unprocessable) as raised:
        client.decide("nobody", asking())
    assert (raised.value.code, raised.value.errors[0]["pointer"]) == ("unknown-account", "#/account")
    with pytest.raises(ValueError, match="no time zone"):
        client.decide("A", asking(), as_of=datetime(2026, 8, 1))  # noqa: DTZ001


def test_many_are_decided_each_by_itself(client: Client) -> None:
    items: list[dict[str, Any]] = [{"account": "A", "request": asking(), "dry_run": True}, {"account": "nobody"}]
    first, second = client.decide_many(items)
    assert (first["status"], first["decision"]["outcome"]) == (200, "approved")
    assert isinstance(refused(second["status"], second["problem"]), BadRequest)


def test_decisions_are_streamed_one_by_one_as_they_are_asked(client: Client) -> None:
    answered: Queue[str] = Queue()

    def items() -> Iterator[dict[str, Any]]:
        for account in ("A", "nobody", "A"):
            yield {"account": account, "request": asking(), "dry_run": True}
            # The next is asked once this one was answered: nothing is held back, at either end.
            answered.get(timeout=20)

    told = []
    for each in client.stream_decisions(items()):
        check(each, "DecisionLine")
        told.append((each["line"], each["status"]))
        answered.put("this one")
    assert told == [(1, 200), (2, 422), (3, 200)]


def test_a_long_stream_is_sent_and_read_at_once_and_may_be_left(client: Client) -> None:
    sent = []

    def items() -> Iterator[dict[str, Any]]:
        while True:
            sent.append(1)
            yield {"account": "A", "request": {}}

    stream = client.stream_decisions(items())
    lines = [next(stream)["line"] for _ in range(100)]
    stream.close()
    assert lines == [*range(1, 101)]
    assert client.account("A")["id"] == "A", "the client goes on"


def test_what_goes_wrong_with_the_items_of_a_stream_is_raised(client: Client, service: str) -> None:
    def items() -> Iterator[dict[str, Any]]:
        yield {"account": "A", "request": asking(), "dry_run": True}
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(client.stream_decisions(items()))
    with pytest.raises(NotFound):
        list(Client(f"{service}/elsewhere").stream_decisions([]))
    assert list(client.stream_decisions([])) == []


def test_a_refund_is_filed_once_for_its_key_and_settled(client: Client) -> None:
    key = new_idempotency_key()
    filed = client.file_refund_request("B", asking(3_000), idempotency_key=key)
    check(filed, "JustFiled")
    assert client.file_refund_request("B", asking(3_000), idempotency_key=key) == filed
    with pytest.raises(Conflict) as raised:
        client.file_refund_request("B", asking(4_000), idempotency_key=key)
    assert raised.value.code == "idempotency-key-reused"
    assert client.refund_request(filed["id"])["allowed"] == ["settle", "fail", "cancel"]
    assert client.settle(filed["id"])["state"] == "settled"
    with pytest.raises(Conflict) as raised:
        client.cancel(filed["id"])
    assert (raised.value.problem["state"], raised.value.problem["allowed"]) == ("settled", ["reverse"])
    assert client.reverse(filed["id"], reason="came back")["state"] == "reversed"
    others = [client.file_refund_request("B", asking(1_000))["id"] for _ in range(2)]
    assert client.cancel(others[0])["state"] == "cancelled"
    assert client.fail(others[1], reason="no such account")["state"] == "failed"
    assert [each["id"] for each in client.account_refund_requests("B")] == [*reversed(others), filed["id"]]
    assert {each["id"] for each in client.refund_requests(account="B")} == {filed["id"], *others}
    assert next(client.refund_requests(state="cancelled", after=filed["id"]))["id"] == others[0]


def test_what_needs_a_review_is_approved_or_refused(client: Client) -> None:
    filed = [client.file_refund_request(name, asking(41_000, receiving_account=name)) for name in ("R", "S")]
    assert [each["state"] for each in filed] == ["needs_review"] * 2
    assert client.approve(filed[0]["id"], by="reviewer-9")["state"] == "approved"
    assert client.refuse(filed[1]["id"], by="reviewer-9", reason="seen")["state"] == "refused"


def test_pages_are_read_one_after_the_other(client: Client) -> None:
    event = {"account": "C", "type": "bill_paid", "amount": 1, "happened_at": "2026-11-20T00:00:00Z"}
    told = [each["id"] for each in client.tell_many([{**event, "id": f"C-{number:03}"} for number in range(101)])]
    assert sorted(each["id"] for each in client.account_events("C")) == told


def test_messages_are_read_from_the_last_that_was_seen(client: Client) -> None:
    filed = [client.file_refund_request("C", asking(1))["id"] for _ in range(3)]
    messages = [*client.messages(account="C")]
    assert [each["data"]["id"] for each in messages] == filed
    assert [*client.messages(account="C", after=messages[0]["id"])] == messages[1:]


def test_an_account_is_kept_and_looked_at(client: Client) -> None:
    made = client.put_account("N", "small", {"joined_on": "2020-01-01", "grade": "GOLD"})
    check(made, "StoredAccount")
    assert client.change_account("N", {"identity_level": 2})["identity_level"] == 2
    check(client.balance("A", on=date(2026, 12, 31)), "Balance")
    assert client.balance("A")["points"] == 30_000
    check(client.account_earning("A"), "OwnEarning")
    check(client.refund_options("A"), "RefundOptions")
    assert client.refund_options("A", {"points": 1_000, "method": "cash"})["options"][0]["method"] == "cash"
    for each in client.account_entries("A"):
        assert each["points"] > 0
    assert [*client.account_notices("A")] == []


def test_an_event_is_told_once_however_often(client: Client) -> None:
    event = {"id": "E-1", "account": "A", "type": "bill_paid", "amount": 1, "happened_at": "2026-11-20T00:00:00Z"}
    told, again = client.tell_many([event, event])
    assert (told["status"], again) == (201, told)
    assert client.tell(event) == client.event("E-1")
    assert [each["id"] for each in client.account_events("A")] == ["E-1"]
    assert [*client.waiting_events()] == []


def test_an_inquiry_is_opened_answered_and_closed(client: Client) -> None:
    decision = client.decide("A", asking(60_000))["id"]
    opened = client.open_inquiry("A", "contest", "왜요?", decision_id=decision, language="ko")
    check(opened, "Inquiry")
    assert [each["id"] for each in client.inquiries(order="due")] == [opened["id"]]
    assert [each["id"] for each in client.account_inquiries("A")] == [opened["id"]]
    client.add_to_inquiry(opened["id"], "agent", "4.1", agent="x", outcome="explained", reason="4.1")
    assert client.close_inquiry(opened["id"], "member")["state"] == "closed"
    check(client.inquiry(opened["id"]), "InquiryInFull")
    asked = client.open_inquiry("A", "question", "언제요?")
    assert client.withdraw_inquiry(asked["id"], "member", text="아니에요")["state"] == "withdrawn"


def test_answers_are_found_and_read(client: Client) -> None:
    found = client.find_answers("환급", limit=2)
    check(found, "FaqEntries")
    assert len(found["entries"]) == 2
    check(client.answer(found["entries"][0]["id"]), "FaqEntry")
    assert client.find_answers(policy="small", limit=200)["total"] > 0


def test_a_policy_is_read_with_its_versions(client: Client) -> None:
    (line,) = client.policies()
    assert client.policy_versions("small") == [line]
    check(client.policy("small"), "Policy")
    text = client.policy_version("small", 1)
    assert text["text"].startswith("format: 1")
    assert client.kept_version(line["digest"])["text"] == text["text"]


def test_a_webhook_is_told_and_removed(client: Client) -> None:
    made = client.add_webhook("https://example.com/r", kinds=["refund_request.approved"], policy="small")
    check(made, "NewWebhook")
    client.file_refund_request("C", asking(1))
    (sent,) = client.deliveries(webhook=made["id"])
    check(client.redeliver(sent["id"]), "Delivery")
    assert client.remove_webhook(made["id"])["state"] == "removed"
    assert made["id"] not in [each["id"] for each in client.webhooks()]
    # A token is made where keys are asked for; here everybody may ask.
    check(client.make_member_token("A", minutes=5), "NewMemberToken")


def test_an_auditor_is_told_of_each_damaged_decision_behind_all_that_are_sound(
    sqlite_template: Path, tmp_path: Path
) -> None:
    url = filled(sqlite_template, tmp_path / "recoup.db")
    with forked(url) as port, Client(f"http://127.0.0.1:{port}") as client:
        first, changed, last = (client.decide("S", asking(each))["id"] for each in (3_000, 4_000, 5_000))
        assert changed is not None
        database = open_database(Settings(database_url=url))
        statement = f"UPDATE decision SET data = 'so' WHERE id = '{changed}'"  # noqa: S608
        writing(database, lambda: unguard(database, "decision", statement))
        close_database(database)
        found = client.find_decisions(account="S")
        assert [next(found)["id"], next(found)["id"]] == [last, first]
        with pytest.raises(RecordsDamaged, match=f"of 1 is not what was written:\n  {changed}: it is") as raised:
            next(found)
        assert [each["id"] for each in raised.value.damaged] == [changed]
        with pytest.raises(Broken) as refusal:
            client.decision(changed)
        assert (refusal.value.code, refusal.value.problem["id"]) == ("record-damaged", changed)


def test_an_auditor_finds_a_decision_and_its_proofs(client: Client) -> None:
    made = client.decide("A", asking(60_000))["id"]
    assert made is not None
    found = client.find_decisions(account="A", policy="small", outcome="denied", points_from=60_000)
    assert made in [each["id"] for each in found]
    whole = client.whole_decision(made)
    check(whole, "WholeDecision")
    entry = client.log_entry(whole["leaf"]["seq"])
    assert (entry["kind"], entry["reference"]) == ("decision", made)
    proof = client.prove_inclusion("decision", made)
    assert (proof["seq"], proof["leaf_hash"]) == (entry["seq"], entry["leaf_hash"])
    grown = client.prove_consistency(1, new=proof["size"])
    assert grown["new_root"] == proof["root"]
    assert next(each["decision"] for each in client.reads(decision=made)) == made
    with pytest.raises(NotFound) as raised:
        client.checkpoint()
    assert raised.value.code == "nothing-signed"
