"""The libraries for many accounts, which are extras: imported where they are first needed, so that whoever decides
one refund at a time never pays for them.
"""

from __future__ import annotations

from types import ModuleType


class NotInstalled(Exception):
    """A library that an extra brings is not there; says what to install."""

    def __init__(self, extra: str) -> None:
        self.extra = extra
        super().__init__(f"a population needs more packages: .venv/bin/pip install '.[{extra}]'")


def load_arrow() -> ModuleType:
    """pyarrow, the columns in memory. Raises NotInstalled."""
    try:
        import pyarrow
    except ImportError:
        raise NotInstalled("batch") from None
    return pyarrow  # type: ignore[no-any-return]


def load_duckdb() -> ModuleType:
    """duckdb, which reads and writes Parquet and runs statements. Raises NotInstalled."""
    try:
        import duckdb
    except ImportError:
        raise NotInstalled("batch") from None
    return duckdb
