"""Whether this process can answer: the database is there, migrated to this code's tables, with a policy in force."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from policies.model import Text
from service.clock import Clock
from service.config import FOLDER
from service.database import Database, Unavailable, reading
from service.errors import Damage
from service.migrate import WrongSchema, check_schema
from service.publishing import Versions

log = logging.getLogger("recoup.readiness")
# The folder that the processes of one service share is there for their counts.
STOPPING = "stopping"

# What is told to anybody: what to do, and nothing of what the database or a text said.
MENDED_BY: Mapping[str, Text] = {
    "time": Text(
        "이 서비스는 곧 멈춥니다. 다른 프로세스로 보내십시오.",
        "the service is about to stop; send requests to another",
    ),
    "database": Text(
        "데이터베이스에 닿지 않습니다. 서비스 로그에 있는 원인을 보고 DATABASE_URL이 가리키는 데이터베이스를"
        " 확인하십시오.",
        "the database cannot be used; see in the service's log why, and look after the one that DATABASE_URL names",
    ),
    "schema": Text(
        "데이터베이스의 테이블이 이 버전의 것이 아닙니다. `recoup migrate`를 실행하고, 데이터베이스가 더 새것이면 새"
        " 버전의 Recoup을 시작하십시오.",
        "the tables are not those of this Recoup; run `recoup migrate`, or start the newer Recoup that migrated them",
    ),
    "policy": Text(
        "시행 중인 정책이 없습니다. `recoup publish FILE`로 게시하고, 이미 게시했다면 시행일과 서비스 로그를"
        " 확인하십시오.",
        "no policy is in force; publish one with `recoup publish FILE`, or, where one is published, look at the day"
        " from which it is in force and at the service's log",
    ),
}


def stop_soon() -> None:
    """Have every process of this service say that it is about to stop."""
    (Path(os.environ[FOLDER]) / STOPPING).touch()


def stopping() -> bool:
    """Whether this service is about to stop."""
    return FOLDER in os.environ and (Path(os.environ[FOLDER]) / STOPPING).exists()


def missing(database: Database, versions: Versions, clock: Clock) -> str | None:
    """The first thing, of MENDED_BY, without which no request can be answered; None where there is nothing."""
    if stopping():
        return "time"
    try:
        check_schema(database)
        with reading(database):
            if any(number_in_force(versions, policy, clock()) is not None for policy in versions.policies()):
                return None
    except Unavailable as error:
        log.warning("not ready: the database cannot serve: %s", error)
        return "database"
    except WrongSchema as error:
        log.warning("not ready: %s", error)
        return "schema"
    return "policy"


def made_ready(database: Database, versions: Versions, clock: Clock, most: int) -> Iterator[None]:
    """Compile the versions in force of up to so many policies, one at each step: the first to ask would wait for it."""
    try:
        with reading(database):
            policies = versions.policies()[:most]
        for policy in policies:
            yield
            with reading(database):
                number_in_force(versions, policy, clock())
    except Unavailable as error:
        log.warning("nothing was made ready: the database cannot serve: %s", error)


def number_in_force(versions: Versions, policy: str, at: datetime) -> int | None:
    """The number of the version of a policy that is in force and can be read; it is compiled with that."""
    try:
        found = versions.in_force(policy, at)
    except Damage as damage:
        # A text that this code cannot read any more; others may still be answered.
        log.error("policy %s cannot be read: %s", policy, damage.why.en)
        return None
    return None if found is None else found.version.number
