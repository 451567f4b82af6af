"""Which CSV is uploaded: the best one that waits, what the pipeline may upload by itself, and the row that it gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.decisions.record_files import provenance_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.output import output_root, shown
from kaggle_seg.remote.credentials import find_credentials, no_credentials
from kaggle_seg.remote.download import download_marker
from kaggle_seg.remote.ledger import COMPLETE, ERROR, Entry, Ledger
from kaggle_seg.remote.results import score_line
from kaggle_seg.run_directory import find_run


def waiting_csvs(entries: Sequence[Entry], competition: Competition) -> list[Provenance]:
    """The CSVs in submissions/ that have a local score and are not on Kaggle yet, the best first.

    Those of demo tiles and of --quick runs are left out.

    Args:
        entries: the ledger's rows.
        competition: the one they must be for.
    """
    uploaded = {entry.sha256 for entry in entries if entry.uploaded}
    waiting = []
    for file in sorted((output_root() / "submissions").glob("*.csv")):
        if not file.with_suffix(".json").is_file():
            continue
        made = provenance_of(file)
        fits = made.competition == competition.slug and made.sha256 not in uploaded
        if fits and made.score is not None and not made.demo and not made.quick:
            waiting.append(made)
    return sorted(waiting, key=lambda made: -(made.score.mean if made.score else 0.0))


def best_uploaded(entries: Sequence[Entry], variant: MetricVariant | None) -> Entry | None:
    """The uploaded row with the best local score of this metric variant; None when there is none."""
    key = variant.key if variant else ""
    scored = [entry for entry in entries if entry.uploaded and entry.metric_variant == key]
    scored = [entry for entry in scored if entry.number("local_score") is not None]
    return max(scored, key=lambda entry: entry.number("local_score") or 0.0, default=None)


def best_waiting(competition: Competition) -> tuple[Path, str]:
    """The best CSV that was not uploaded yet, and a line that says why it is the one.

    Raises:
        BadInput: there is none.
    """
    entries = Ledger().entries(competition.slug)
    waiting = waiting_csvs(entries, competition)
    if not waiting:
        raise BadInput(
            f"{shown(output_root() / 'submissions')} has no CSV with a local score that was not uploaded yet "
            "(demo tiles and --quick runs do not count); name one: python -m kaggle_seg.submit FILE"
        )
    best = waiting[0]
    line = f"{shown(best.file)}: local score {best.score.mean if best.score else 0:.4f}"
    if len(waiting) > 1:
        line += f", the best of {len(waiting)} CSVs not uploaded yet"
    if before := best_uploaded(entries, best.variant):
        line += f"; the best one uploaded so far has {before.number('local_score'):.4f} ({before.file})"
    return best.file, line


def result_of_last_upload(rows: Sequence[Entry]) -> str:
    """What became of the last upload of a CSV; empty when none has ended.

    Args:
        rows: the ledger's rows of the CSV.
    """
    done = [entry for entry in rows if entry.status in (COMPLETE, ERROR)]
    return f"uploaded on {done[-1].time}; {score_line(done[-1])}" if done else ""


def reasons_to_hold(
    made: Provenance, ledger: Ledger, competition: Competition, upload: str, once: bool, if_better: bool
) -> list[str]:
    """The lines that tell a person why a CSV is not uploaded, and that this is no error; none when it is uploaded.

    Args:
        made: the CSV and where it comes from.
        ledger: what was uploaded.
        competition: the one it is for.
        upload: the command that uploads it in any case.
        once: that it was uploaded before is a reason.
        if_better: so is that it is not worth an upload, or that there are no credentials.
    """
    if not once and not if_better:
        return []
    if result := result_of_last_upload(ledger.of_csv(competition.slug, made.sha256)):
        return [result]
    lines = []
    if if_better and (reason := reason_to_hold(made, ledger.entries(competition.slug), competition)):
        lines.append(f"not uploaded: {reason}" + ("" if made.demo else f"; to upload it anyway: {upload}"))
    if if_better and find_credentials() is None:
        pipeline = "./run_pipeline.sh (it then downloads the competition's tiles)"
        lines.append(no_credentials(pipeline if made.demo else upload))
    return lines


def reason_to_hold(made: Provenance, entries: Sequence[Entry], competition: Competition) -> str:
    """Why a CSV is not worth an upload unasked; empty when nothing speaks against it."""
    if made.demo:
        return "it is of demo tiles, which are never uploaded"
    if made.quick:
        return "it comes from a --quick run"
    if not is_of_the_competition(made, competition):
        return f"its tiles are not known to be those of {competition.slug}"
    if made.score is None:
        return "it has no cross-fitted local score"
    best = best_uploaded([entry for entry in entries if entry.sha256 != made.sha256], made.variant)
    if best is not None and made.score.mean <= (before := best.number("local_score") or 0.0):
        return f"its local score {made.score.mean:.4f} does not beat {before:.4f} of {best.file}, which was uploaded"
    return ""


def is_of_the_competition(made: Provenance, competition: Competition) -> bool:
    """Whether the tiles are the competition's: they came by `download`, or their ids are the test ids."""
    if competition.has_test_ids(competition.tile_id(stem) for stem in made.stems or ()):
        return True
    return bool(made.data) and download_marker(Path(made.data)).get("slug") == competition.slug


def entry_for(made: Provenance, competition: str, message: str = "") -> Entry:
    """The row for the upload of a CSV, without a tag.

    Args:
        made: where the CSV comes from.
        competition: the slug that it is uploaded to.
        message: the person's own text; it comes first in the message to Kaggle.

    Raises:
        BadInput: it is of demo tiles, which are never uploaded.
    """
    if made.demo:
        raise BadInput(f"{shown(made.file)}: it is of generated demo tiles, which are never uploaded")
    networks, losses = zip(*(_network_and_loss(run) for run in made.runs), strict=True) if made.runs else ((), ())
    score, cut = made.scores.score if made.scores else None, made.rule.threshold if made.rule else None
    rule = made.description if cut is None else f"threshold {cut:.3f}"
    parts = [message, " + ".join(made.runs), rule, f"local {score.mean:.4f}" if score else ""]
    return Entry(
        competition=competition,
        file=shown(made.file),
        sha256=made.sha256,
        run=" + ".join(made.runs),
        network=" + ".join(dict.fromkeys(networks)),
        loss=" + ".join(dict.fromkeys(losses)),
        decision=made.description,
        threshold="" if cut is None else f"{cut:.4f}",
        local_score=f"{score.mean:.5f}" if score else "",
        local_low=f"{score.low:.5f}" if score else "",
        local_high=f"{score.high:.5f}" if score else "",
        metric_variant=made.scores.variant.key if made.scores else "",
        message=" | ".join(part for part in parts if part),
    )


def _network_and_loss(run: str) -> tuple[str, str]:
    """What a run's settings say; empty when the run is not here any more."""
    from kaggle_seg.tables import read_toml

    settings = find_run(run, must_exist=False).settings_file
    tables = read_toml(settings) if settings.is_file() else {}
    network = tables.get("network", {})
    filters, encoder = network.get("base_filters"), network.get("encoder", "none")
    name = f"U-Net {filters}" if encoder == "none" else f"U-Net on {encoder}"
    return name if filters else "", str(tables.get("training", {}).get("loss", ""))
