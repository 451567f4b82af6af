"""Where a CSV comes from, in plain facts: its runs, its decision, its local score; and which CSV to upload next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.runs import file_hash, find_run, output_root, shown
from kaggle_seg.submission.expected import read_provenance
from kaggle_seg.submission.ledger import Entry


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

    def entry(self, message: str = "") -> Entry:
        """The ledger's row for its upload, without a tag.

        Args:
            message: the person's own words; they come first in the message to Kaggle.
        """
        networks, losses = zip(*(_network_and_loss(run) for run in self.runs), strict=True) if self.runs else ((), ())
        local = "" if self.score is None else f"local {self.score:.4f}"
        threshold = "" if self.threshold is None else f"threshold {self.threshold:.3f}"
        parts = [message, " + ".join(self.runs), threshold or self.decision, local]
        return Entry(
            competition=self.competition,
            file=shown(self.file),
            sha256=self.sha256,
            run=" + ".join(self.runs),
            network=" + ".join(dict.fromkeys(networks)),
            loss=" + ".join(dict.fromkeys(losses)),
            decision=self.decision,
            threshold="" if self.threshold is None else f"{self.threshold:.4f}",
            local_score=_digits(self.score),
            local_low=_digits(self.low),
            local_high=_digits(self.high),
            local_reading=self.reading,
            message=" | ".join(part for part in parts if part),
        )


def in_words(decision: Any) -> str:
    """A decision as `decide` stores it, on one line: `threshold, level 107`."""
    if not isinstance(decision, dict):
        return str(decision or "")
    rest = [f"{name} {value}" for name, value in decision.items() if name != "rule"]
    return ", ".join([str(decision.get("rule", "")), *rest]).strip(", ")


def _network_and_loss(run: str) -> tuple[str, str]:
    """What a run's settings say; empty when the run is not here any more."""
    from kaggle_seg.config import read_toml

    settings = find_run(run, must_exist=False).settings_file
    tables = read_toml(settings) if settings.is_file() else {}
    filters = tables.get("network", {}).get("base_filters")
    return f"U-Net {filters}" if filters else "", str(tables.get("training", {}).get("loss", ""))


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"


def candidates(entries: Sequence[Entry], competition: Competition = DEFAULT) -> list[Provenance]:
    """The CSVs in submissions/ that have a local score and are not on Kaggle yet, the best first.

    Those of demo tiles and of --quick runs are left out.

    Args:
        entries: the ledger's rows.
        competition: the one they must be for.
    """
    uploaded = {entry.sha256 for entry in entries if entry.uploaded}
    found = []
    for file in sorted((output_root() / "submissions").glob("*.csv")):
        if not file.with_suffix(".json").is_file():
            continue
        made = Provenance.of(file)
        fits = made.competition == competition.slug and made.sha256 not in uploaded
        if fits and made.score is not None and not made.demo and not made.quick:
            found.append(made)
    return sorted(found, key=lambda made: -(made.score or 0.0))


def best_uploaded(entries: Sequence[Entry], reading: str) -> Entry | None:
    """The uploaded row with the best local score of this reading; None when there is none."""
    scored = [entry for entry in entries if entry.uploaded and entry.local_reading == reading]
    scored = [entry for entry in scored if entry.number("local_score") is not None]
    return max(scored, key=lambda entry: entry.number("local_score") or 0.0, default=None)
