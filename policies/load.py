"""A rule file to a policy: read the text, read the fields, check the whole."""

from __future__ import annotations

from policies.checks import check
from policies.model import Policy
from policies.problems import Problem
from policies.schema import read_policy
from policies.source import Document, read
from policies.troubles import Troubles


def load_policy(data: bytes, file: str) -> tuple[Policy | None, list[Problem]]:
    """The policy in the text of a rule file, and every problem that was found, in the order of the file.

    `file` is what problems call the file. The policy is None exactly when there is a problem.
    """
    document, problems = read(data, file)
    if document is None:
        return None, problems
    policy, troubles = load_document(document)
    told = {(problem.line, problem.column) for problem in problems}
    more = [problem for problem in troubles if (problem.line, problem.column) not in told]
    problems = sorted(problems + more)
    return (None if problems else policy), problems


def load_document(document: Document) -> tuple[Policy | None, list[Problem]]:
    """The policy in a document, as far as its parts are sound, and every problem with what it says.

    The policy may be there beside problems: its unsound rules and values are then left out of it.
    """
    troubles = Troubles(document)
    policy = read_policy(document, troubles)
    if policy is not None:
        check(policy, troubles)
    return policy, troubles.problems()
