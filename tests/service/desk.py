"""A desk where members ask and agents answer, so that there is something to erase; and looks at all that is kept."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from service.database import Database, reading, rows
from service.log.notes import Signer
from service.log_check import LogCheck
from service.replaying import Chosen, Replay
from service.tables import TABLES
from tests.service.builders import asking, lot_facts, open_account

MINE, SHARED = "110-222-333333", "220-444-555555"
WORDS = (
    "My name is Hong Gildong",
    "전화 010-1234-5678",
    "She is my neighbour",
    "terms 4.1 of Hong",
    "agent-7",
    "reviewer-9",
)


class Desk:
    """The service, and those who ask it."""

    def __init__(self, client: FlaskClient, key: str = "k") -> None:
        self._client = client
        self._key = key
        self._asked = 0

    def post(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        self._asked += 1
        answer = self._client.post(
            f"/v1/{address}", json=body, headers={"Idempotency-Key": f"{self._key}{self._asked}"}
        )
        assert answer.status_code in (200, 201), answer.get_json()
        found: dict[str, Any] = answer.get_json()
        return found

    def file(self, points: int | str, receiving: str, account: str = "A") -> dict[str, Any]:
        return self.post(
            "refund-requests", {"account": account, "request": asking(points, receiving_account=receiving)}
        )

    def settle(self, filed: dict[str, Any]) -> None:
        self.post(f"refund-requests/{filed['id']}/settle", {})

    def contest(self, decision: str) -> str:
        """A contests a decision; the inquiry."""
        said = {"account": "A", "kind": "contest", "decision_id": decision, "language": "ko"}
        asked: str = self.post("inquiries", {**said, "text": WORDS[0]})["id"]
        return asked

    def answer(self, inquiry: str) -> None:
        said = {"by": "agent", "agent": "agent-7", "text": "Seen.", "outcome": "upheld", "reason": WORDS[3]}
        self.post(f"inquiries/{inquiry}/entries", said)


def busy_desk(client: FlaskClient, database: Database) -> Desk:
    """A was refunded to two accounts, B to one of them; A asked, contested and was refused; all of it is over."""
    found = Desk(client)
    open_account(database, lot_facts(90_000), name="B")
    found.settle(found.file(3_000, MINE))
    found.settle(found.file(2_000, SHARED))
    found.settle(found.file(7_000, SHARED, "B"))
    found.settle(found.file(1_000, MINE))
    reviewed = found.file(41_000, SHARED, "B")
    found.post(f"refund-requests/{reviewed['id']}/refuse", {"by": "reviewer-9", "reason": WORDS[2]})
    failed = found.file(4_000, MINE)
    found.post(f"refund-requests/{failed['id']}/fail", {"by": "reviewer-9", "reason": WORDS[2]})
    found.post("decisions", {"account": "A", "request": asking(500, receiving_account=MINE)})
    asked = found.contest(failed["decision_id"])
    found.post(f"inquiries/{asked}/entries", {"by": "member", "text": WORDS[1]})
    found.answer(asked)
    found.post(f"inquiries/{asked}/close", {"by": "agent", "agent": "agent-7"})
    return found


def dump(database: Database) -> dict[str, str]:
    """Every row of every table as text."""
    with reading(database):
        return {
            table._meta.table_name: "\n".join(map(str, rows(database, f'SELECT * FROM "{table._meta.table_name}"')))  # noqa: S608
            for table in TABLES
        }


def holding(database: Database, *words: str) -> set[str]:
    """The tables that hold one of these words."""
    return {name for name, text in dump(database).items() if any(word in text for word in words)}


def replayed(database: Database) -> list[str]:
    """What comes out otherwise when everything is decided again."""
    again = Replay(database, Chosen(), "en", 8)
    found = [each for each in [*again.decisions(), *again.answers()] if each is not None]
    return [difference for each in found for difference in each.differences]


def looked(database: Database, signer: Signer) -> list[str]:
    """What a live database differs in from its log; the triggers that a test took away besides."""
    with reading(database):
        found = [each.en for each in LogCheck(database, [signer.verifier]).differences()]
    return [each for each in found if "trigger" not in each]
