"""`python -m benchmarks` runs every benchmark with its defaults."""

from __future__ import annotations

from benchmarks import decide

decide.main()
