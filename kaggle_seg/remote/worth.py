"""Whether the pipeline uploads a CSV by itself: only what is the competition's and better than all that was uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.remote.choice import best_uploaded
from kaggle_seg.remote.ledger import COMPLETE, ERROR, Entry
from kaggle_seg.remote.waiting import score_line
from kaggle_seg.run_directory import read_json, shown
from kaggle_seg.submission.provenance import Provenance

MARKER = ".downloaded.json"  # what `download` leaves in the folder of tiles


def reason_to_hold(made: Provenance, entries: Sequence[Entry], competition: Competition = DEFAULT) -> str:
    """Why a CSV is not uploaded unasked; empty when nothing speaks against it.

    Args:
        made: the CSV and where it comes from.
        entries: the ledger's rows of the competition.
        competition: the one it is for.
    """
    if made.demo:
        return "it is of demo tiles, which are never uploaded"
    if made.quick:
        return "it comes from a --quick run"
    if not of_the_competition(made, competition):
        return f"its tiles are not known to be those of {competition.slug}"
    if made.score is None:
        return "it has no cross-fitted local score"
    best = best_uploaded([entry for entry in entries if entry.sha256 != made.sha256], made.reading)
    if best is not None and made.score <= (before := best.number("local_score") or 0.0):
        return f"its local score {made.score:.4f} does not beat {before:.4f} of {best.file}, which was uploaded"
    return ""


def uploaded_before(rows: Sequence[Entry]) -> str:
    """What came of the last upload of a CSV, in words; empty when none came to its end."""
    done = [entry for entry in rows if entry.status in (COMPLETE, ERROR)]
    return f"uploaded on {done[-1].time}; {score_line(done[-1])}" if done else ""


def refuse_demo(made: Provenance) -> None:
    """Stops a CSV of demo tiles, whoever asks for it.

    Raises:
        BadInput: it is one.
    """
    if made.demo:
        raise BadInput(f"{shown(made.file)}: its tiles are generated demo tiles; they are never uploaded")


def of_the_competition(made: Provenance, competition: Competition = DEFAULT) -> bool:
    """Whether the tiles are the competition's: they came by `download`, or their ids are the test ids."""
    if competition.has_test_ids(competition.tile_id(stem) for stem in made.stems):
        return True
    return bool(made.data) and download_marker(Path(made.data)).get("slug") == competition.slug


def download_marker(folder: Path) -> dict[str, Any]:
    """What `download` wrote into a folder of tiles or one above it: slug, hash of the archive; empty without one."""
    for place in (folder, *folder.parents):
        if (place / MARKER).is_file():
            return read_json(place / MARKER)
    return {}
