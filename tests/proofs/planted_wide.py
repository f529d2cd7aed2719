"""Small rule files whose faults lie wide apart: in closed times, in classes, in series of charges, in figures of a day;
and what mends each. Beside them unusual ones that are sound.
"""

from __future__ import annotations

from tests.proofs.planted import Planted, value

WIDE: dict[str, Planted] = {
    "a_fee_of_a_day_that_is_closed": Planted(
        "dead-rule",
        "saturday-fee",
        """
[weekend closed]
weekdays: [saturday, sunday]
[saturday-fee fee]
when: {request.method: cash, request.weekday: saturday}
flat: 500
""",
        ("request.weekday: saturday", "request.weekday: friday"),
    ),
    "a_fee_of_days_that_are_closed": Planted(
        "dead-rule",
        "holiday-fee",
        """
[holiday closed]
days: [{from: 2026-05-01, until: 2026-05-07}]
[holiday-fee fee]
when: {request.requested_on: {at_least: 2026-05-02, at_most: 2026-05-05}}
flat: 500
""",
        ("until: 2026-05-07", "until: 2026-05-03"),
    ),
    "a_fee_of_the_31st_which_is_closed": Planted(
        "dead-rule",
        "late-fee",
        """
[month-end closed]
days_of_month: [last]
[late-fee fee]
when: {request.day_of_month: 31}
flat: 500
""",
        ("request.day_of_month: 31", "request.day_of_month: 30"),
    ),
    "a_method_that_is_closed_every_day": Planted(
        "stranded",
        "weekend",
        """
[weekend closed]
when: {request.method: cash}
weekdays: [saturday, sunday]
[week closed]
when: {request.method: cash}
weekdays: [monday, tuesday, wednesday, thursday, friday]
""",
        ("tuesday, wednesday, thursday, friday", "tuesday, wednesday, thursday"),
    ),
    "companies_that_may_use_no_method": Planted(
        "stranded",
        "methods",
        """
[methods exclude]
allowed_methods: {by: account.kind, company: [gift], person: any}
[persons require]
when: {request.method: gift}
that: {account.kind: person}
""",
        ("company: [gift]", "company: [gift, credit]"),
    ),
    "a_method_closed_by_a_new_figure": Planted(
        "stranded",
        "least",
        """
[least limit]
measure: request.points
at_least: $least
[most limit]
when: {request.method: gift}
measure: request.points
at_most: 40_000
""",
        ("gift: 50_000", "gift: 30_000"),
        value(
            "least",
            "points",
            "request.requested_on",
            "2026-01-01: 10_000",
            "2026-07-01: {by: request.method, gift: 50_000, else: 1_000}",
        ),
    ),
    "a_method_closed_between_two_figures": Planted(
        "stranded",
        "least",
        """
[least require]
that: {request.points: {at_least: $least}}
[most limit]
measure: request.points
at_most: 40_000
""",
        ("50_000", "30_000"),
        value(
            "least", "points", "request.requested_on", "2026-01-01: 10_000", "2026-07-01: 50_000", "2026-09-01: 5_000"
        ),
    ),
    "a_charge_of_dormancy_that_comes_round_to_another": Planted(
        "overlap",
        "grown",
        """
[monthly dormancy]
when: {account.contact_verified: false}
idle: 12 months
every: 1 month
points: 100
order: [oldest]
[grown dormancy]
when: {account.grade: VIP}
idle: 2 years
points: 50
order: [oldest]
""",
        ("every: 1 month\n", ""),
    ),
    "two_series_of_charges_that_meet_once": Planted(
        "overlap",
        "thirds",
        """
[halves dormancy]
when: {account.contact_verified: false}
idle: 12 months
every: 2 months
points: 100
order: [oldest]
[thirds dormancy]
when: {account.grade: VIP}
idle: 13 months
every: 3 months
points: 50
order: [oldest]
""",
        ("every: 3 months", "every: 4 months"),
    ),
    "a_clawback_that_misses_one_amount": Planted(
        "gap",
        "large",
        """
[shopping earn]
event: purchase
rate: 1%
rounding: down
source: shop
[small clawback]
event: purchase_cancelled
when: {event.amount: {under: 10_000}}
rounding: down
shortfall: debt
[large clawback]
event: purchase_cancelled
when: {event.amount: {over: 10_000}}
rounding: down
shortfall: forgive
""",
        ("over: 10_000", "at_least: 10_000"),
    ),
    "dormancy_that_misses_a_day_of_joining": Planted(
        "gap",
        "new",
        """
[old dormancy]
when: {account.joined_on: {under: 2026-03-01}}
idle: 24 months
points: 50
order: [oldest]
[new dormancy]
when: {account.joined_on: {over: 2026-03-01}}
idle: 12 months
points: 100
order: [oldest]
""",
        ("over: 2026-03-01", "at_least: 2026-03-01"),
    ),
    "points_of_a_month_that_are_usable_in_the_next": Planted(
        "stranded",
        "late",
        """
[month expire]
when: {lot.source: promo}
until: month_end
[late earn]
event: promotion_joined
points: 500
source: promo
usable_after: 1 month
usable_from: month_start
[unripe exclude]
when: {lot.usable_from_on: {over: request.requested_on}}
""",
        ("usable_after: 1 month", "usable_after: 0 days"),
    ),
    "points_that_are_usable_on_their_last_day_only": Planted(
        "off-by-one",
        "late",
        """
[life expire]
when: {lot.source: promo}
after: 14 days
[late earn]
event: promotion_joined
points: 500
source: promo
usable_after: 14 days
[unripe exclude]
when: {lot.usable_from_on: {over: request.requested_on}}
""",
        ("usable_after: 14 days", "usable_after: 13 days"),
    ),
    "a_fee_that_misses_one_percentage": Planted(
        "gap",
        "used",
        """
[fresh fee]
when: {lot.used_rate: {under: 60%}}
rate: 10%
rounding: down
[used fee]
when: {lot.used_rate: {over: 60%}}
rate: 3%
rounding: down
""",
        ("over: 60%", "at_least: 60%"),
    ),
    "a_fee_that_misses_percentages": Planted(
        "gap",
        "used",
        """
[fresh fee]
when: {lot.used_rate: {under: 50%}}
rate: 10%
rounding: down
[used fee]
when: {lot.used_rate: {at_least: 60%}}
rate: 3%
rounding: down
""",
        ("at_least: 60%", "at_least: 50%"),
    ),
    "a_fee_that_misses_a_gross": Planted(
        "gap",
        "large",
        """
[small fee]
flat: 300
gross_under: 10_000
adds_to: [large]
[large fee]
flat: 600
gross_at_least: 20_000
""",
        ("gross_at_least: 20_000", "gross_at_least: 10_000"),
    ),
    "a_level_that_is_left_out": Planted(
        "gap",
        "known",
        """
[unknown fee]
when: {account.identity_level: 0}
flat: 900
[known fee]
when: {account.identity_level: {at_least: 2}}
flat: 300
""",
        ("at_least: 2", "at_least: 1"),
    ),
    "a_method_without_a_day_of_payout": Planted(
        "gap",
        "bill",
        """
[bank pay]
when: {request.method: cash}
within: 3 business days
[bill pay]
when: {request.method: credit}
within: 0 days
""",
        ("request.method: credit", "request.method: {in: [credit, gift]}"),
    ),
    "a_gap_along_two_facts_which_is_told_once": Planted(
        "gap",
        "call-fee",
        """
[web-fee fee]
when: {request.channel: web}
flat: 300
[call-fee fee]
when: {request.channel: call_centre}
flat: 400
[cash-fee fee]
when: {request.channel: app, request.method: cash}
flat: 100
[gift-fee fee]
when: {request.channel: app, request.method: credit}
flat: 200
""",
        ("request.method: credit", "request.method: {in: [credit, gift]}"),
    ),
}

SOUND: dict[str, str] = {
    "fees_by_level_from_0": """
[a fee]
when: {request.method: cash, account.identity_level: 0}
flat: 900
[b fee]
when: {request.method: cash, account.identity_level: 1}
flat: 600
[c fee]
when: {request.method: cash, account.identity_level: {at_least: 2}}
flat: 300
""",
    "earning_by_rate_on_small_amounts": """
[small earn]
event: purchase
when: {event.amount: {under: 50_000}}
rate: 1%
rounding: down
source: shop
[large earn]
event: purchase
when: {event.amount: {at_least: 50_000}}
rate: 2%
rounding: half_up
source: shop
""",
    "earning_by_rate_up_to_an_amount": """
[small earn]
event: purchase
when: {event.amount: {over: 0, at_most: 30_000}}
rate: 1%
rounding: down
source: shop
""",
    "only_chosen_lots": """
[chosen exclude]
when: {request.chosen_lots: {over: 0}, lot.chosen: false}
""",
    "fees_by_how_many_lots_are_chosen": """
[none fee]
when: {request.method: cash, request.chosen_lots: 0}
flat: 100
[one fee]
when: {request.method: cash, request.chosen_lots: 1}
flat: 200
[more fee]
when: {request.method: cash, request.chosen_lots: {at_least: 2}}
flat: 300
""",
    "a_fee_on_open_saturdays": """
[weekend closed]
weekdays: [saturday, sunday]
when: {request.channel: call_centre}
[saturday-fee fee]
when: {request.method: cash, request.weekday: saturday}
flat: 500
""",
    "two_series_of_charges_that_never_meet": """
[even dormancy]
when: {account.contact_verified: false}
idle: 12 months
every: 2 months
points: 100
order: [oldest]
[odd dormancy]
when: {account.grade: VIP}
idle: 13 months
every: 2 months
points: 50
order: [oldest]
""",
    "members_of_some_ages_have_a_limit": """
[minors limit]
when: {account.age: {under: 19}}
measure: request.points
at_most: 50_000
""",
}
