"""Publishing: a text gets the next number once, is never changed, and speaks from its first day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from policies.problems import Problem
from service.database import Database, reading
from service.publishing import BadPolicy, Versions, advice_before_publishing, publish
from tests.service.builders import NOW, POLICY, publish_small


def test_the_same_meaning_is_published_once(database: Database) -> None:
    first = publish_small(database)
    again = publish(database, ("# laid out otherwise\n" + POLICY).encode(), "small.yaml", NOW)
    assert (first.number, first.new, again.number, again.new) == (1, True, 1, False)
    assert str(again) == "small@1 says the same already"


def test_another_text_gets_the_next_number(database: Database) -> None:
    numbers = [publish_small(database, f"    about: Text {n}\n").number for n in range(3)]
    assert numbers == [1, 2, 3]


def test_an_old_text_does_not_come_back_unnoticed(database: Database) -> None:
    publish_small(database)
    publish_small(database, "    about: Newer\n")
    assert str(publish_small(database)) == "small@1 says the same; small@2 is newer, and stays in force"


def test_a_file_with_problems_is_not_published(database: Database) -> None:
    with pytest.raises(BadPolicy, match=r"^small\.yaml:1:1: ") as raised:
        publish(database, b"format: 2\n", "small.yaml", NOW)
    assert raised.value.problems
    with reading(database):
        assert Versions(database, 1).policies() == []


def test_an_id_that_meant_another_rule_in_a_published_version_is_told(database: Database) -> None:
    moved = POLICY.replace('terms: "3"', 'terms: "9"')
    publish_small(database)
    assert of_ids(database, POLICY) == []
    (advice,) = of_ids(database, moved)
    assert (advice.subject, advice.severity) == ("active", "advice")
    assert "'small@1'" in str(advice)
    assert publish(database, moved.encode(), "small.yaml", NOW).number == 2
    assert of_ids(database, moved) == []


def of_ids(database: Database, text: str) -> list[Problem]:
    """What is advised about the ids of a text before it is published."""
    found = advice_before_publishing(database, text.encode(), "small.yaml")
    return [each for each in found if each.code == "id-used-before"]


def test_there_is_no_advice_about_a_file_with_problems(database: Database) -> None:
    assert advice_before_publishing(database, b"format: 2\n", "small.yaml") == []


def test_texts_published_at_once_get_one_number_each(database: Database) -> None:
    with ThreadPoolExecutor(6) as threads:
        texts = [f"    about: Text {n % 3}\n" for n in range(6)]
        published = list(threads.map(lambda text: publish_small(database, text), texts))
    assert sorted(each.number for each in published) == [1, 1, 2, 2, 3, 3]
    assert sum(each.new for each in published) == 3


def test_a_version_is_in_force_from_its_first_local_day(database: Database) -> None:
    publish_small(database)
    publish(database, POLICY.replace("starts: 2025-01-01", "starts: 2026-07-01").encode(), "small.yaml", NOW)
    versions = Versions(database, 2)
    instants = {
        "before any": datetime(2024, 12, 31, 14, 59, 59, tzinfo=UTC),
        "first day": datetime(2024, 12, 31, 15, tzinfo=UTC),
        "last day of the first": datetime(2026, 6, 30, 14, 59, 59, tzinfo=UTC),
        "the second": datetime(2026, 6, 30, 15, tzinfo=UTC),
    }
    with reading(database):
        found = {name: versions.in_force("small", at) for name, at in instants.items()}
        assert versions.in_force("unheard", NOW) is None
    assert {name: each and each.version.number for name, each in found.items()} == {
        "before any": None,
        "first day": 1,
        "last day of the first": 1,
        "the second": 2,
    }


def test_no_more_versions_are_kept_compiled_than_were_asked_for(database: Database) -> None:
    digests = [publish_small(database, f"    about: Text {n}\n").digest for n in range(4)]
    versions = Versions(database, 2)
    with reading(database):
        compiled = [versions.compiled(digest) for digest in digests]
        assert len(versions._compiled) == 2
        assert versions.compiled(digests[3]) is compiled[3]
        assert versions.compiled(digests[0]) is not compiled[0]


def test_what_is_published_can_be_read(client: FlaskClient, database: Database) -> None:
    publish_small(database, "    about: Newer\n")
    assert [each["version"] for each in client.get("/v1/policies").get_json()["policies"]] == [2]
    policy = client.get("/v1/policies/small?lang=ko").get_json()
    assert (policy["title"]["text"], list(policy["methods"])) == ("작은 정책", ["cash", "credit"])
    assert [each["version"] for each in policy["versions"]] == [2, 1]
    assert client.get("/v1/policies/small/versions/1").get_json()["text"] == POLICY


@pytest.mark.parametrize("path", ["other", "small/versions/2", "small/versions/0", f"small/versions/{10**30}"])
def test_what_is_not_published_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/v1/policies/{path}").get_json()["code"] == "not-found"
