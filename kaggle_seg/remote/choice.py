"""The ledger's rows seen from the CSVs: the row for an upload, which CSV to upload next, and the best one uploaded."""

from __future__ import annotations

from collections.abc import Sequence

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.remote.ledger import Entry
from kaggle_seg.run_directory import find_run, output_root, shown
from kaggle_seg.submission.provenance import Provenance


def entry_for(made: Provenance, message: str = "") -> Entry:
    """The ledger's row for its upload, without a tag.

    Args:
        made: where the CSV comes from.
        message: the person's own words; they come first in the message to Kaggle.
    """
    networks, losses = zip(*(_network_and_loss(run) for run in made.runs), strict=True) if made.runs else ((), ())
    local = "" if made.score is None else f"local {made.score:.4f}"
    threshold = "" if made.threshold is None else f"threshold {made.threshold:.3f}"
    parts = [message, " + ".join(made.runs), threshold or made.decision, local]
    return Entry(
        competition=made.competition,
        file=shown(made.file),
        sha256=made.sha256,
        run=" + ".join(made.runs),
        network=" + ".join(dict.fromkeys(networks)),
        loss=" + ".join(dict.fromkeys(losses)),
        decision=made.decision,
        threshold="" if made.threshold is None else f"{made.threshold:.4f}",
        local_score=_digits(made.score),
        local_low=_digits(made.low),
        local_high=_digits(made.high),
        local_reading=made.reading,
        message=" | ".join(part for part in parts if part),
    )


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
