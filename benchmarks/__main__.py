"""`python -m benchmarks` runs every benchmark with its defaults."""

from __future__ import annotations

from benchmarks import decide, filing, growth, log, population, prove, replay

if __name__ == "__main__":
    decide.main()
    filing.main()
    replay.main()
    growth.main()
    prove.main()
    log.main()
    population.main()
