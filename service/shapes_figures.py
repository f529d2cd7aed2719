"""What the API takes about figures over time; read strictly, as `shapes.py` does."""

from __future__ import annotations

from service.audit_points import BY, SPLIT
from service.audit_rules import OF
from service.periods import PER
from service.shapes import LanguageQuery, a_choice, a_day, an_id

FORMATS = ("json", "csv")
FORMAT_ABOUT = "The form of the answer; that of `Accept` when left out."
POLICY_ABOUT = "Only those of this policy."
BY_ABOUT = (
    "By which instant something is in a period: `happened_at`, when it counts, or `entered_at`, when it was written"
    " down, which never changes a period that has ended."
)


class FiguresQuery(LanguageQuery):
    """Days, and how they are divided."""

    day_from = a_day("The first local day of the programme.", required=True)
    day_to = a_day("The last local day of the programme.", required=True)
    policy = an_id(POLICY_ABOUT)
    format = a_choice(*FORMATS, about=FORMAT_ABOUT)


class RulesQuery(FiguresQuery):
    """Figures of rules."""

    per = a_choice(*PER, about="How long one line is of; those at the ends may be cut.", load_default="day")
    of = a_choice(
        *OF, about="`filed`: decisions of refund requests; `all`: those without one too.", load_default="filed"
    )


class PointsQuery(FiguresQuery):
    """Figures of points."""

    per = a_choice(*PER, about="How long one line is of; those at the ends may be cut.", load_default="month")
    by = a_choice(*BY, about=BY_ABOUT, load_default=BY[0])
    split = a_choice(
        *SPLIT,
        about="`class`: a line for each class and rule; `expiry`: of these one for each month in which points expire.",
        load_default="class",
    )


class OutstandingQuery(LanguageQuery):
    """The day of which outstanding points are asked."""

    on = a_day("The local day of the programme, at its end.", required=True)
    policy = an_id(POLICY_ABOUT)
    by = a_choice(*BY, about=BY_ABOUT, load_default=BY[0])
    format = a_choice(*FORMATS, about=FORMAT_ABOUT)


RULES_QUERY = RulesQuery()
POINTS_QUERY = PointsQuery()
OUTSTANDING_QUERY = OutstandingQuery()
