"""What the API takes about the log; read strictly, as `shapes.py` does."""

from __future__ import annotations

from service.audit_log import KINDS, MOST_LEAVES
from service.shapes import LanguageQuery, a_choice, a_number, an_id


class InclusionQuery(LanguageQuery):
    """What is to be in the log."""

    kind = a_choice(*KINDS, about="What was recorded, such as `decision`.", required=True)
    reference = an_id("Its key: the id of a decision, the digest of a version.", required=True)
    size = a_number(1, MOST_LEAVES, "For the log of this size, that of a checkpoint; all of it when left out.")


class ConsistencyQuery(LanguageQuery):
    """Two sizes of the log."""

    old = a_number(1, MOST_LEAVES, "The older size, that of a checkpoint that you kept.", required=True)
    new = a_number(1, MOST_LEAVES, "The newer size; all of the log when left out.")


INCLUSION_QUERY = InclusionQuery()
CONSISTENCY_QUERY = ConsistencyQuery()
