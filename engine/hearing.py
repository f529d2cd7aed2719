"""A request before the rules: it goes through the stages, at the amount asked for or at any other."""

from __future__ import annotations

from collections.abc import Callable

from engine.amounts import largest, stretches, wanted
from engine.bounds import Allowed
from engine.calendars import local_day
from engine.cases import MOST_POINTS
from engine.compiled import CompiledVersion
from engine.courses import Course
from engine.errors import Conflict, NotInForce
from engine.facts import Case, Lot
from engine.judgement import Judgement
from engine.kinds.allocate import allocate
from engine.kinds.closed import closed
from engine.kinds.exclude import exclude
from engine.kinds.expire import expire
from engine.kinds.fee import fee
from engine.kinds.limit import limit, limit_payout
from engine.kinds.offset import offset
from engine.kinds.paper import paper
from engine.kinds.pay import pay
from engine.kinds.price import price
from engine.kinds.require import require
from engine.kinds.review import review
from engine.kinds.tax import tax
from engine.plans import LotPlan, Mixture, Plan
from engine.ready import Matched
from engine.scene import Scene

Stage = Callable[[Judgement], None]

LOT_STAGES: tuple[Stage, ...] = (expire, exclude)
"""What holds of the lots."""

HARD_STAGES: tuple[Stage, ...] = (require, paper, closed, limit, allocate)
"""What can deny. All of them are gone through, so that every rule that denies is told."""

MONEY_STAGES: tuple[Stage, ...] = (price, fee, tax, offset, limit_payout)
"""What the points come to. Any of them may deny."""

LAST_STAGES: tuple[Stage, ...] = (review, pay)
"""What holds of a request that nothing has denied."""

STAGES: tuple[Stage, ...] = (*LOT_STAGES, *HARD_STAGES, *MONEY_STAGES, *LAST_STAGES)


class Hearing:
    """One case before one version. What no amount of points can change is worked out once for all amounts."""

    def __init__(self, compiled: CompiledVersion, case: Case) -> None:
        self.compiled = compiled
        self.case = case
        day = local_day(case.as_of, compiled.zone)
        if day < compiled.policy.starts:
            raise NotInForce(compiled.policy.id, compiled.policy.starts, day)
        self.scene = Scene(case.account, day, case.as_of, 0, case.request, None, case.history)
        self.lefts = [lot.left for lot in case.lots]
        self._plan: Plan | None = None
        self._lots_matched: list[Matched] | None = None
        self._lot_plans: list[LotPlan] = []
        self._mixture: Mixture | None = None
        self._lots: Judgement | None = None
        self._lots_before: Judgement | None = None
        self._breaks: list[int] | None = None

    def with_facts(self, case: Case) -> Hearing:
        """The same case with other facts. What is known of its lots is kept where the change cannot touch it."""
        other = Hearing(self.compiled, case)
        same_lots = case.lots is self.case.lots and case.request.lots == self.case.request.lots
        if same_lots and other.scene.day == self.scene.day and self.compiled.lot.of_lots_alone:
            other._lots_matched, other._lots_before = self._lots_matched, self._lots
        return other

    def judge(self, points: int, *, tracing: bool = False, telling: bool = False) -> Judgement:
        """The request at one amount, through all the stages. A conflict stops it, and is kept. Only where it is
        `telling` is every rule that denies listed: a search asks no more than whether the amount passes.
        """
        compiled = self.compiled
        scene = self.scene.asking(points)
        plan, matched = self._plan, self._lots_matched
        if plan is None or compiled.scene.sees_points:
            plan = compiled.plans.plan(compiled.scene.of_scene(scene))
        if matched is None or compiled.lot.sees_points:
            matched = compiled.lot.of_lots(scene, self.case.lots)
        mixture = self._mixture
        if mixture is None or plan is not self._plan or matched is not self._lots_matched:
            self._plan, self._lots_matched, self._lot_plans = plan, matched, plan.lots.plans(matched)
            mixture = self._mixture = plan.lots.mixture(self._lot_plans)
        judgement = Judgement(
            compiled.rules,
            compiled.built_in,
            self.case.lots,
            self.lefts,
            scene,
            plan,
            self._lot_plans,
            mixture,
            tracing,
            telling and compiled.tells_all,
        )
        try:
            self._find_lots(judgement)
            for stage in HARD_STAGES:
                stage(judgement)
            if not judgement.denied or judgement.shares:
                self._make_money(judgement)
            if judgement.denied:
                # What would be charged was worked out only to see what else denies.
                judgement.spoken = [spoken for spoken in judgement.spoken if spoken.effect == "denies"]
            else:
                for stage in LAST_STAGES:
                    stage(judgement)
        except Conflict as conflict:
            judgement.conflict = conflict
        return judgement

    def _make_money(self, judgement: Judgement) -> None:
        for stage in MONEY_STAGES:
            try:
                stage(judgement)
            except Conflict:
                # What is denied is charged nothing, so that nothing contradicts. Money that was asked for has to be
                # known, though.
                if judgement.denied and self.case.request.points is not None:
                    return
                raise
            if judgement.denied and not (judgement.worth and judgement.tells_all):
                return

    def _find_lots(self, judgement: Judgement) -> None:
        known = self._lots or self._lots_of_before(judgement)
        if known is None or judgement.tracing or self.compiled.lots_see_points:
            for stage in LOT_STAGES:
                stage(judgement)
            self._lots = judgement
        else:
            judgement.last_days = known.last_days
            judgement.usable, judgement.expired = known.usable, known.expired
            judgement.available = known.available
            judgement.queues = known.queues
            self._lots = known

    def _lots_of_before(self, judgement: Judgement) -> Judgement | None:
        """What is known of the lots from the case with other facts, None where rules may say something else of them."""
        before = self._lots_before
        if before is None or before.lot_plans != judgement.lot_plans:
            return None
        # Until when a lot lasts may follow from more than the lot.
        return before if all(plan.last_day for plan in judgement.mixture.plans) else None

    def breaks(self) -> list[int]:
        """The amounts at which a condition or a value may change as more points are asked for, ascending."""
        if self._breaks is None:
            compiled = self.compiled
            found = set(compiled.breaks)
            for path in compiled.break_paths:
                read = compiled.figures.fact(path)
                lots: tuple[Lot | None, ...] = self.case.lots if path.startswith("lot.") else (None,)
                amounts = {read(self.scene, lot) for lot in lots}
                found |= amounts | {amount + 1 for amount in amounts}
            self._breaks = sorted(found)
        return self._breaks

    @property
    def most(self) -> int:
        """The points of all lots together: no request can be for more."""
        return sum(self.lefts)

    def asked(self, *, tracing: bool = False) -> Judgement:
        """The request as it was asked: for "all", at the largest amount that passes; for money, at the smallest
        number of points that comes to it.
        """
        points = self.case.request.points
        if points is None:
            points = self.points_for(self.money_asked)
            if points is None:
                return self._no_such_amount(tracing=tracing)
        elif points == "all":
            found = largest(self.judge, self.breaks(), 1, self.most)
            if found is None:
                return self._nothing(tracing=tracing)
            points = found
        return self.judge(points, tracing=tracing, telling=True)

    @property
    def money_asked(self) -> int:
        """The money of a request for money."""
        money = self.case.request.money
        assert money is not None, "the request is for points"
        return money

    def points_for(self, money: int) -> int | None:
        """The smallest number of points that comes to just so much money, whether it passes or not; None where there
        is none. What the lots do not hold is taken at the price of the lot that pays last.
        """
        if not self.compiled.rules["price"]:
            return money
        for first, last in stretches(self.breaks(), 1, MOST_POINTS):
            try:
                course = Course(self.judge(last))
            except Conflict:
                # Judging these points tells the conflict.
                return first
            found = course.points_for(money, first, last)
            if found is not None:
                return found
            if course.conflict_from is not None and course.conflict_from <= last:
                return max(first, course.conflict_from)
        return None

    def _no_such_amount(self, *, tracing: bool) -> Judgement:
        """The denial of an amount of money that no number of points comes to."""
        judgement = self.judge(1, tracing=tracing)
        if judgement.last_days:
            judgement.conflict = None
        judgement.spoken.clear()
        judgement.asked = False
        judgement.deny(judgement.built_in["request"], {"money": self.money_asked})
        return judgement

    def _nothing(self, *, tracing: bool) -> Judgement:
        """The denial of "all" where no amount passes. Its reasons say "all" for the points, which is what was asked."""
        judgement = self.judge(self._in_the_way(), tracing=tracing, telling=True)
        judgement.asked = False
        for spoken in judgement.spoken:
            if "points" in spoken.figures:
                spoken.figures["points"] = "all"
        return judgement

    def _in_the_way(self) -> int:
        """The amount that shows what stands in the way where nothing passes: the smallest that the minimums and steps
        let through, or what there is in whole steps where that is less. At any other amount a rule would speak only
        because the amount, which nobody asked for, is too small or no whole step.
        """
        judgement = self.judge(1)
        steps = smallest = Allowed(1, MOST_POINTS)
        steps_of_all = steps
        for ready, reading in judgement.readings:
            allowed = ready.bound.allowed(reading)
            smallest = smallest.both(allowed.between(allowed.least, MOST_POINTS)) or smallest
            step = allowed.between(1, MOST_POINTS)
            steps = steps.both(step) or steps
            if not ready.bound.or_all:
                steps_of_all = steps_of_all.both(step) or steps_of_all
        least = smallest.up(smallest.least)
        there = steps_of_all.down(judgement.available)
        if there < judgement.available:
            there = steps.down(judgement.available)
        if 0 < there < least:
            return there
        return self._smallest_payout(judgement, smallest) or max(least, there) if self.compiled.tells_all else least

    def _smallest_payout(self, judgement: Judgement, allowed: Allowed) -> int | None:
        """The smallest of the allowed amounts that prices, and what has to be paid at least, let through."""
        there = allowed.both(Allowed(1, judgement.available))
        if there is None:
            return None
        try:
            return Course(judgement).best(there, wanted(judgement, capped=False), from_top=False)
        except Conflict:
            return None
