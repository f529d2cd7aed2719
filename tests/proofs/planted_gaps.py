"""Small rule files with gaps, with points that nobody gets out and with days that are one off, and what mends each."""

from __future__ import annotations

from tests.proofs.planted import Planted, value

GAPS: dict[str, Planted] = {
    # Gaps.
    "a_fee_that_misses_one_amount": Planted(
        "gap",
        "large",
        """
[small fee]
when: {request.points: {under: 10_000}}
flat: 100
[large fee]
when: {request.points: {over: 10_000}}
flat: 500
""",
        ("over: 10_000", "at_least: 10_000"),
    ),
    "a_fee_that_leaves_one_amount_out_by_itself": Planted(
        "gap",
        "fee",
        """
[fee fee]
when: {request.method: cash, request.points: {is_not: 5_000}}
flat: 100
""",
        ("{request.method: cash, request.points: {is_not: 5_000}}", "{request.method: cash}"),
    ),
    "a_fee_that_leaves_one_of_some_amounts_out": Planted(
        "gap",
        "fee",
        """
[fee fee]
when: {request.points: {not_in: [5_000, 7_000]}}
flat: 100
[five fee]
when: {request.points: 5_000}
flat: 0
""",
        ("not_in: [5_000, 7_000]", "is_not: 5_000"),
    ),
    "a_price_of_alternatives_that_leave_one_amount_out": Planted(
        "gap",
        "price",
        """
[price price]
when: {any: [{request.points: {under: 5_000}}, {request.points: {over: 5_000}}]}
every: 100
pays: 90
rounding: down
""",
        ("over: 5_000", "at_least: 5_000"),
    ),
    "a_life_that_leaves_one_day_out_by_itself": Planted(
        "gap",
        "life",
        """
[life expire]
when: {lot.acquired_on: {is_not: 2025-07-01}}
after: 3 years
""",
        ("{lot.acquired_on: {is_not: 2025-07-01}}", "{lot.acquired_on: {at_least: 2020-01-01}}"),
    ),
    "a_purchase_of_one_amount_that_earns_nothing": Planted(
        "gap",
        "shopping",
        """
[shopping earn]
event: purchase
source: shop
when: {event.amount: {is_not: 5_000}}
steps: {every: 100, earn: 1}
""",
        ("when: {event.amount: {is_not: 5_000}}", "unless: [{event.amount: 5_000}]"),
    ),
    "a_fee_that_misses_a_range": Planted(
        "gap",
        "large",
        """
[small fee]
when: {request.method: cash, request.points: {under: 10_000}}
flat: 100
[large fee]
when: {request.method: cash, request.points: {at_least: 20_000}}
flat: 500
""",
        ("at_least: 20_000", "at_least: 10_000"),
    ),
    "a_price_that_misses_a_day": Planted(
        "gap",
        "new-price",
        """
[old-price price]
when: {request.requested_on: {under: 2026-07-01}}
every: 100
pays: 90
rounding: down
[new-price price]
when: {request.requested_on: {over: 2026-07-01}}
every: 100
pays: 80
rounding: down
""",
        ("over: 2026-07-01", "at_least: 2026-07-01"),
    ),
    "a_life_that_misses_a_day": Planted(
        "gap",
        "new-life",
        """
[old-life expire]
when: {lot.acquired_on: {at_most: 2026-06-30}}
after: 3 years
[new-life expire]
when: {lot.acquired_on: {over: 2026-07-01}}
after: 5 years
""",
        ("over: 2026-07-01", "at_least: 2026-07-01"),
    ),
    "a_fee_by_age_that_misses_a_day": Planted(
        "gap",
        "old",
        """
[young fee]
when: {lot.acquired_on: {under_ago: 30 days}}
rate: 10%
rounding: down
[old fee]
when: {lot.acquired_on: {at_least_ago: 31 days}}
rate: 3%
rounding: down
""",
        ("at_least_ago: 31 days", "at_least_ago: 30 days"),
    ),
    "a_limit_that_misses_a_day": Planted(
        "gap",
        "new-limit",
        """
[old-limit limit]
when: {request.requested_on: {at_most: 2026-06-30}}
measure: {sum: refund.points, per: month, of: account}
at_most: 100_000
[new-limit limit]
when: {request.requested_on: {at_least: 2026-07-02}}
measure: {sum: refund.points, per: month, of: account}
at_most: 200_000
""",
        ("at_least: 2026-07-02", "at_least: 2026-07-01"),
    ),
    "a_campaign_that_misses_a_day": Planted(
        "gap",
        "second-half",
        """
[first-half earn]
event: survey
when: {event.happened_on: {at_least: 2026-05-01, at_most: 2026-05-15}}
points: 100
source: promo
[second-half earn]
event: survey
when: {event.happened_on: {at_least: 2026-05-17, at_most: 2026-05-31}}
points: 200
source: promo
""",
        ("at_least: 2026-05-17", "at_least: 2026-05-16"),
    ),
    "a_level_without_a_fee": Planted(
        "gap",
        "high",
        """
[low fee]
when: {account.identity_level: {under: 2}}
flat: 500
[high fee]
when: {account.identity_level: {over: 2}}
flat: 100
""",
        ("over: 2}", "at_least: 2}"),
    ),
    "a_source_without_a_price": Planted(
        "gap",
        "promo-price",
        """
[bill-price price]
when: {lot.source: bill}
every: 100
pays: 90
rounding: down
[promo-price price]
when: {lot.source: promo}
every: 100
pays: 50
rounding: down
""",
        ("{lot.source: promo}", "{lot.source: {in: [promo, shop]}}"),
    ),
    "a_method_that_was_forgotten": Planted(
        "gap",
        "gift-fee",
        """
[cash-fee fee]
when: {request.method: cash}
flat: 500
[gift-fee fee]
when: {request.method: gift}
flat: 100
""",
        ("flat: 100", "flat: 100\n[credit-at-once pay]\nwhen: {request.method: credit}\nwithin: 1 day"),
    ),
    "a_class_that_nobody_takes": Planted(
        "gap",
        "gift-fee",
        """
[cash-fee fee]
when: {request.method: {in: [cash, credit]}}
flat: 500
[gift-fee fee]
when: {request.method: gift, lot.source: {is_not: promo}}
rate: 3%
rounding: down
""",
        ("rate: 3%", "rate: 3%\nrounding: down\n[rest fee]\nwhen: {request.method: gift, lot.source: promo}\nrate: 1%"),
    ),
    # Points that never get out.
    "a_rest_that_has_to_stay": Planted(
        "stranded",
        "rest",
        """
[rest limit]
measure: available.after
at_least: 1_000
""",
        ("at_least: 1_000", "at_least: 1_000\nunless: [{request.leaving: true}]"),
    ),
    "a_least_amount_above_the_most": Planted(
        "stranded",
        "least",
        """
[least limit]
unless: [{request.method: credit}]
measure: request.points
at_least: 10_000
[cash-most limit]
when: {request.method: cash}
measure: {sum: refund.points, per: month, of: account}
at_most: 5_000
""",
        ("at_most: 5_000", "at_most: 50_000"),
    ),
    "a_rest_for_one_grade": Planted(
        "stranded",
        "rest",
        """
[rest limit]
measure: available.after
at_least: $rest
""",
        ("VIP: 100", "VIP: 0"),
        value("rest", "points", "request.requested_on", "2026-01-01: {by: account.grade, VIP: 100, else: 0}"),
    ),
    "a_source_that_every_method_refuses": Planted(
        "stranded",
        "not-in-cash",
        """
[not-in-cash exclude]
when: {lot.source: promo, request.method: cash}
[not-as-credit exclude]
when: {lot.source: promo, request.method: {is_not: cash}}
""",
        ("{is_not: cash}", "credit"),
    ),
    "steps_that_the_rest_breaks": Planted(
        "stranded",
        "steps",
        """
[steps limit]
measure: request.points
multiple_of: 1_000
[rest limit]
measure: balance.after
at_least: 1_000
unless: [{request.points: {under: 1_000}}]
""",
        ("at_least: 1_000", "at_least: 0"),
    ),
    "half_of_what_is_there": Planted(
        "stranded",
        "half",
        """
[half limit]
measure: request.points
at_most: {share: 50%, of: available, rounding: down}
""",
        ("rounding: down", "rounding: down, at_least: 1_000"),
    ),
    # Days that are one off.
    "two_limits_on_one_day": Planted(
        "off-by-one",
        "new-limit",
        """
[old-limit limit]
when: {request.requested_on: {at_most: 2026-07-01}}
measure: {sum: refund.points, per: month, of: account}
at_most: 100_000
[new-limit limit]
when: {request.requested_on: {at_least: 2026-07-01}}
measure: {sum: refund.points, per: month, of: account}
at_most: 200_000
""",
        ("at_least: 2026-07-01", "over: 2026-07-01"),
    ),
    "two_campaigns_on_one_day": Planted(
        "off-by-one",
        "second-half",
        """
[first-half earn]
event: survey
when: {event.happened_on: {at_least: 2026-05-01, at_most: 2026-05-16}}
points: 100
source: promo
[second-half earn]
event: survey
when: {event.happened_on: {at_least: 2026-05-16, at_most: 2026-05-31}}
points: 200
source: promo
""",
        ("at_least: 2026-05-16", "at_least: 2026-05-17"),
    ),
    "a_day_neither_expired_nor_refundable": Planted(
        "off-by-one",
        "too-late",
        """
[life expire]
after: 90 days
[too-late exclude]
when: {lot.acquired_on: {at_least_ago: 90 days}}
""",
        ("after: 90 days", "after: 120 days"),
    ),
    "an_exception_on_the_last_day": Planted(
        "off-by-one",
        "promo",
        """
[life expire]
after: 12 months
[promo exclude]
when: {lot.source: promo}
unless: [{lot.acquired_on: {at_least_ago: 1 year}}]
""",
        ("at_least_ago: 1 year", "at_least_ago: 6 months"),
    ),
    "a_figure_that_changes_a_day_late": Planted(
        "off-by-one",
        "fee",
        """
[fee fee]
when: {request.requested_on: {at_least: 2026-07-01}}
flat: $fee
""",
        ("at_least: 2026-07-01", "at_least: 2026-07-02"),
        value("fee", "money", "request.requested_on", "2026-01-01: 100", "2026-07-02: 500"),
    ),
    "a_rule_of_one_day": Planted(
        "off-by-one",
        "spring",
        """
[spring exclude]
when: {lot.source: promo, request.requested_on: {at_least: 2026-05-01, under: 2026-05-02}}
""",
        ("under: 2026-05-02", "under: 2026-06-01"),
    ),
    "points_that_end_before_they_begin": Planted(
        "off-by-one",
        "may",
        """
[may earn]
event: survey
when: {event.happened_on: {at_least: 2026-05-01, at_most: 2026-06-01}}
points: 100
source: promo
expires_on: 2026-05-31
""",
        ("expires_on: 2026-05-31", "expires_on: 2026-06-01"),
    ),
}

GAPS |= {
    # What only a whole account shows: the lot alone, no refund before, and all of the money paid out.
    "a_fee_that_misses_a_range_beside_a_share_of_the_balance": Planted(
        "gap",
        "large",
        """
[half limit]
measure: request.points
at_most: {share: 50%, of: balance, rounding: down, at_least: 3_000}
unless: [{request.leaving: true}]
[small fee]
when: {request.points: {at_most: 10_000}, request.leaving: false}
flat: 100
[large fee]
when: {request.points: {over: 11_000}, request.leaving: false}
flat: 500
""",
        ("over: 11_000", "over: 10_000"),
    ),
    # Days without a payout.
    "an_amount_that_is_never_paid_by_one_method": Planted(
        "gap",
        "gift-days",
        """
[at-once pay]
when: {request.method: {in: [cash, credit]}}
within: 0 days
[gift-days pay]
when: {request.method: gift, request.points: {over: 5_000}}
within: 3 days
""",
        (", request.points: {over: 5_000}", ""),
    ),
    "the_last_day_of_long_months_without_a_payout": Planted(
        "gap",
        "days",
        """
[days pay]
when: {request.day_of_month: {under: 31}}
within: 3 days
""",
        ("under: 31", "at_most: 31"),
    ),
    # Points that nobody gets out, or that have ended when they can be used.
    "a_method_that_one_class_cannot_meet": Planted(
        "stranded",
        "own-name",
        """
[own-name require]
when: {account.kind: company, request.method: cash}
that: {request.receiving_holder: member}
[company-name require]
when: {account.kind: company, request.method: cash}
that: {request.receiving_holder: company}
""",
        ("that: {request.receiving_holder: member}", "that: {request.receiving_holder: {in: [member, company]}}"),
    ),
    "points_that_end_before_they_are_usable": Planted(
        "stranded",
        "late",
        """
[life expire]
when: {lot.source: promo}
after: 24 months
[late earn]
event: survey
points: 100
source: promo
usable_after: 900 days
""",
        ("900 days", "14 days"),
    ),
    # Rules that never apply because points end first.
    "an_exclusion_of_points_that_have_ended": Planted(
        "dead-rule",
        "old",
        """
[life expire]
when: {lot.source: promo}
after: 1 year
until: month_end
[old exclude]
when: {lot.source: promo, lot.acquired_on: {at_least_ago: 2 years}}
""",
        ("at_least_ago: 2 years", "at_least_ago: 6 months"),
    ),
    "a_notice_longer_than_any_life": Planted(
        "dead-rule",
        "told",
        """
[life expire]
after: 2 years
until: 06-30
[told notice]
before: [3 years]
""",
        ("3 years", "1 month"),
    ),
    "one_notice_of_two_that_comes_too_early": Planted(
        "dead-rule",
        "told",
        """
[life expire]
after: 2 years
[told notice]
before: [1 month, 25 months]
""",
        (", 25 months", ", 23 months"),
    ),
    # Days that are one off.
    "a_figure_of_one_day": Planted(
        "off-by-one",
        "fee",
        """
[fee fee]
rate: $rate
rounding: down
""",
        ("2026-07-02: 2%", "2026-08-01: 2%"),
        value("rate", "percent", "request.requested_on", "2026-01-01: 3%", "2026-07-01: 2.2%", "2026-07-02: 2%"),
    ),
    "two_rates_on_one_day": Planted(
        "off-by-one",
        "later",
        """
[before earn]
event: survey
when: {event.happened_on: {at_most: 2026-07-01}}
rate: 1%
rounding: down
source: promo
[later earn]
event: survey
when: {event.happened_on: {at_least: 2026-07-01}}
rate: 2%
rounding: down
source: promo
""",
        ("at_least: 2026-07-01", "over: 2026-07-01"),
    ),
}
