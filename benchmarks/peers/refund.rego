# The decision that the benchmarks compare, in Rego.
package refund

import rego.v1

day := substring(input.as_of, 0, 10)

points := input.request.points

# What keeps a lot from being refunded.
why(lot) := array.concat(array.concat(expired(lot), promotion(lot)), pending(lot))

expired(lot) := ["expired"] if lot.expires_on < day

else := []

promotion(lot) := ["promotion"] if {
	lot.source == "promotion"
	not lot.campaign in {"C2", "C5"}
}

else := []

pending(lot) := ["pending"] if lot.locked

else := []

lots := [[lot, why(lot)] | some lot in input.lots]

excluded := [[lot.id, reasons] | some [lot, reasons] in lots; count(reasons) > 0]

available := sum([lot.amount | some [lot, reasons] in lots; count(reasons) == 0])

# What stands against the request, by the place that it has among the reasons.
against[0] := "identity" if input.account.identity_level < 1

against[1] := "status" if input.account.status != "active"

against[2] := "method" if not input.request.method in {"cash", "bill", "gift"}

against[3] := "minimum" if points < 1000

against[4] := "unit" if points % 100 != 0

against[5] := "per-request" if points > 50000

against[6] := "per-month" if sum([past.points | some past in input.history]) + points > 100000

against[7] := "enough" if points > available

# An object is gone through by its keys.
reasons := [reason | some reason in against]

charge := [500, ["transfer-fee"]] if {
	input.request.method == "cash"
	points < 10000
} else := [max([100, min([3000, floor((points * 3) / 100)])]), ["gift-fee"]] if {
	input.request.method == "gift"
} else := [0, []]

decision := {
	"outcome": "approved",
	"reasons": charge[1],
	"fee": charge[0],
	"payout": points - charge[0],
	"available": available,
	"excluded": excluded,
} if {
	count(reasons) == 0
} else := {
	"outcome": "denied",
	"reasons": reasons,
	"fee": 0,
	"payout": 0,
	"available": available,
	"excluded": excluded,
}
