"""Where a CSV comes from, in plain facts: its runs, its decision, its local score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaggle_seg.competition import DEFAULT
from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import file_hash, shown
from kaggle_seg.submission.expected import read_provenance


@dataclass(frozen=True)
class Provenance:
    """How a CSV was made.

    Attributes:
        file: the CSV.
        sha256: of its bytes as they are now.
        runs: the names of the runs that were averaged; none when nothing is known.
        decision: the rule, in words.
        threshold: the effective threshold; None where each tile has its own.
        score, low, high: the local score with its 95 % interval; None where unknown.
        reading: what that score counts, e.g. "competition_one".
        stems: the image ids of its tiles.
        data: the folder of its tiles; empty when unknown.
        quick, demo: whether it was made by --quick, of demo tiles.
        competition: the slug.
    """

    file: Path
    sha256: str
    runs: tuple[str, ...] = ()
    decision: str = ""
    threshold: float | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    reading: str = ""
    stems: tuple[str, ...] = ()
    data: str = ""
    quick: bool = False
    demo: bool = False
    competition: str = DEFAULT.slug

    @classmethod
    def of(cls, file: Path) -> Provenance:
        """The facts in the JSON beside a CSV, as far as it is there and speaks of these very bytes.

        Raises:
            BadInput: the JSON is not one that `decide` writes.
        """
        record, sha256 = read_provenance(file), file_hash(file)
        if not record or record.get("sha256", sha256) != sha256:
            return cls(file, sha256, demo=bool(record.get("demo")), competition=record.get("competition") or DEFAULT.slug)
        try:
            score = record.get("score") or {}
            return cls(
                file,
                sha256,
                runs=tuple(Path(run).name for run in record.get("runs", ())),
                decision=record.get("words") or in_words(record.get("decision")),
                threshold=record.get("threshold"),
                score=score.get("mean"),
                low=score.get("low"),
                high=score.get("high"),
                reading="_".join(score[name] for name in ("score", "empty_tile") if name in score),
                stems=tuple(map(str, record.get("stems", ()))),
                data=str(record.get("data") or ""),
                quick=bool(record.get("quick")),
                demo=bool(record.get("demo")),
                competition=record.get("competition") or DEFAULT.slug,
            )
        except (TypeError, AttributeError) as error:
            where = shown(file.with_suffix(".json"))
            raise BadInput(f"{where}: not as `decide` writes it ({error}); decide anew, or remove it") from error


def in_words(decision: Any) -> str:
    """A decision as `decide` stores it, on one line: `threshold, level 107`."""
    if not isinstance(decision, dict):
        return str(decision or "")
    rest = [f"{name} {value}" for name, value in decision.items() if name != "rule"]
    return ", ".join([str(decision.get("rule", "")), *rest]).strip(", ")
