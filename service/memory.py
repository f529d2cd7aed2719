"""How a process that decides all day looks after its memory."""

from __future__ import annotations

import gc

SELDOM = 50_000
"""How many more objects there are between two looks."""


def load_undisturbed() -> None:
    """Let the collector of garbage look seldom from now on: a process that starts makes many objects, and drops none.

    It looked through all that was loaded so far a dozen times, a seventh of what it takes to load the service.
    """
    gc.set_threshold(SELDOM)


def collect_seldom() -> None:
    """Let the collector of garbage look seldom, and never at what is there already. For a process that is ready.

    A decision makes more objects than what the collector waits for by default, and leaves next to none that only it
    would find: a tenth of serving and a fifth of a replay went into looking.
    """
    gc.freeze()
    gc.set_threshold(SELDOM)


def collect_what_was_dropped() -> None:
    """Look once, in a process that looks seldom: a large thing of many parts that point to each other was let go."""
    if gc.get_threshold()[0] >= SELDOM:
        gc.collect()
