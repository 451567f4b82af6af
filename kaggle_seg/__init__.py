"""From a folder of satellite tiles to a scored Kaggle submission.

Importing this loads nothing else; `from kaggle_seg import Submission` gives the class that shows a CSV in a notebook.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Submission"]


def __getattr__(name: str) -> Any:
    """What `__all__` names, loaded when it is first asked for."""
    if name != "Submission":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kaggle_seg.pages.notebook_view import Submission

    return Submission
