"""What the commands share that work on texts: a rule file by its name, or a published version by POLICY@NUMBER."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from policies.model import Text
from service.commands._files import Unusable, load_rules

if TYPE_CHECKING:
    from policies.versions import PolicyVersion
    from service.database import Database

PUBLISHED = re.compile(r"(?P<policy>[a-z][a-z0-9-]*)@(?P<number>[1-9][0-9]{0,8})")
NO_VERSION = Text("'{name}'은(는) 게시된 적이 없습니다", "'{name}' was never published")


def load_named(name: str, language: str, exit_code: int = 1, opened: Database | None = None) -> PolicyVersion:
    """A published version out of a database that is opened, else that of DATABASE_URL, with the holidays of then; or
    the version in a rule file. Raises Unusable; ends with the problems of a file and the exit code when it has any.
    """
    published = PUBLISHED.fullmatch(name)
    if published is None or Path(name).exists():
        return load_rules(name, language, exit_code)
    from service.commands._database import looked_at
    from service.database import reading
    from service.publishing import find_version

    policy, number = published["policy"], int(published["number"])
    if opened is None:
        with looked_at() as (database, _), reading(database):
            found = find_version(database, policy, number)
    else:
        with reading(opened):
            found = find_version(opened, policy, number)
    if found is None:
        raise Unusable(NO_VERSION.in_language(language).format(name=name))
    return found
