"""What is tested here needs the extra `batch`."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if all(map(find_spec, ("duckdb", "pyarrow", "sqlglot"))) else ["test_*.py"]
