"""What every room passes on: records, their units, statistics, store, tables and report.

`results.to_dataframe(records)` is for people who go on in pandas, which is loaded only then.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "to_dataframe":
        from results.frames import to_dataframe

        return to_dataframe
    raise AttributeError(f"module 'results' has no attribute {name!r}")
