"""The steps by which figures follow from figures, each a SELECT around the one before: what is kept once is a column,
however often it is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.population.sql_terms import Formula

_NAME = re.compile(r"\bs\d+_\d+\b")
_PLAIN = re.compile(r'\w+|"\w+"')


@dataclass(slots=True)
class Steps:
    """Columns by the step that works them out: one after all that it needs."""

    columns: list[dict[str, str]] = field(default_factory=list)
    _steps: dict[str, int] = field(default_factory=dict)

    def keep(self, expression: str) -> str:
        """The column with what an expression comes to; what is a column or a number stays as it is."""
        if _PLAIN.fullmatch(expression):
            return expression
        step = max((self._steps[name] + 1 for name in _NAME.findall(expression)), default=0)
        while len(self.columns) <= step:
            self.columns.append({})
        names = self.columns[step]
        name = names.setdefault(expression, f"s{step + 1}_{len(names) + 1}")
        self._steps[name] = step
        return name

    def kept(self, formula: Formula) -> Formula:
        """The same of a condition."""
        return formula if isinstance(formula, bool) else self.keep(formula)

    def around(self, table: str) -> str:
        """The steps around a table."""
        for names in self.columns:
            listed = ", ".join(f"{expression} AS {name}" for expression, name in names.items())
            table = f"SELECT *, {listed} FROM ({table}) AS f"
        return table
