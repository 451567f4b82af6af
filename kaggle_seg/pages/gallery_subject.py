"""What a gallery is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from kaggle_seg.errors import BadInput
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.run_directory import shown
from kaggle_seg.submission.comparison import Agreement
from kaggle_seg.submission.figures import Figures
from kaggle_seg.submission.table import Submission
from kaggle_seg.submission.truth import Truth

Found = TypeVar("Found")


@dataclass
class Subject:
    """What a gallery is of.

    Attributes:
        submission: the CSV.
        figures: figures of its masks that can be read.
        faults: what is wrong with it, a line each.
        truth: its score on masks that a person has, if they are there.
        other, agreement: the CSV it is held against, and how much they agree.
        data: the folder of tiles; None: the one in the JSON beside the CSV.
        origin: the CSV whose JSON tells the runs; None: its own.
        maps: the tiles' probability maps; None: those of the runs' test tiles.
        images: the tiles' files, by image id; None: those of the test tiles.
        notices: what the page cannot show, and why.
    """

    submission: Submission
    figures: Figures
    faults: Sequence[str] = ()
    truth: Truth | None = None
    other: Submission | None = None
    agreement: Agreement | None = None
    data: Path | None = None
    origin: Path | None = None
    maps: Maps | None = None
    images: Mapping[str, Path] | None = None
    notices: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where its page goes: beside the CSV."""
        against = f"-against-{self.other.path.stem}" if self.other else ""
        return self.submission.path.with_name(f"{self.submission.path.stem}{against}.html")

    def attempt(self, what: str, find: Callable[[], Found]) -> Found | None:
        """What is found; where it is not, the page says why."""
        try:
            return find()
        except BadInput as error:
            self.notices += [f"{what}: {problem}" for problem in error.problems]
        except OSError as error:
            self.notices.append(f"{what}: {error.filename} cannot be read ({error.strerror})")
        return None

    @property
    def title(self) -> str:
        """The page's heading."""
        if self.origin:
            return f"{shown(self.origin)}: validation tiles"
        against = f" against {shown(self.other.path)}" if self.other else ""
        return shown(self.submission.path) + against
