"""What the API takes about the log; read strictly, as `shapes.py` does."""

from __future__ import annotations

from engine.decision import OUTCOMES
from engine.reading import MOST
from service.audit_log import KINDS, MOST_LEAVES
from service.shapes import LanguageQuery, NumberedPageQuery, PageQuery, a_choice, a_day, a_number, an_id


class InclusionQuery(LanguageQuery):
    """What is to be in the log."""

    kind = a_choice(*KINDS, about="What was recorded, such as `decision`.", required=True)
    reference = an_id("Its key: the id of a decision, the digest of a version.", required=True)
    size = a_number(1, MOST_LEAVES, "For the log of this size, that of a checkpoint; all of it when left out.")


class ConsistencyQuery(LanguageQuery):
    """Two sizes of the log."""

    old = a_number(1, MOST_LEAVES, "The older size, that of a checkpoint that you kept.", required=True)
    new = a_number(1, MOST_LEAVES, "The newer size; all of the log when left out.")


class DecisionsQuery(PageQuery):
    """A page of the decisions that were recorded, the newest first."""

    account = an_id("Only those about this account.")
    reason = an_id("Only those in which this rule spoke of the request: the id of a reason.")
    rule = an_id("Only those in which this rule spoke, of the request or of a lot.")
    policy = an_id("Only those by this policy.")
    version = a_number(1, 2**31 - 1, "Only those by this version of the policy.")
    outcome = a_choice(*OUTCOMES, about="Only those that came out so.")
    points_from = a_number(0, MOST - 1, "Only those about at least so many points.")
    points_to = a_number(0, MOST - 1, "Only those about at most so many points.")
    day_from = a_day("Only those made for this local day of the programme, or a later one.")
    day_to = a_day("Only those made for this local day of the programme, or an earlier one.")


class ReadsQuery(NumberedPageQuery):
    """A page of the reads of decisions, the newest first."""

    decision = an_id("Only reads of this decision.")
    reader = an_id("Only reads by whoever has this name: that of a key.")
    day_from = a_day("Only reads on this day, in UTC, or a later one.")
    day_to = a_day("Only reads on this day, in UTC, or an earlier one.")


READS_QUERY = ReadsQuery()
DECISIONS_QUERY = DecisionsQuery()
INCLUSION_QUERY = InclusionQuery()
CONSISTENCY_QUERY = ConsistencyQuery()
