"""What a submission should hold: the ids and the size of the test tiles; and where their images are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.decisions.record_files import read_provenance
from kaggle_seg.errors import BadInput
from kaggle_seg.output import output_root, shown
from kaggle_seg.run_directory import find_run
from kaggle_seg.submission.table import Submission

SAMPLE = "sample_submission.csv"


@dataclass(frozen=True)
class Expected:
    """What is known of a submission before it is read.

    Attributes:
        source: where from, in words.
        stems: the image ids; None if unknown.
        shape: height and width of every mask; None if unknown.
    """

    source: str = ""
    stems: tuple[str, ...] | None = None
    shape: tuple[int, int] | None = None


def competition_of_csv(csv: Path, asked: str = "") -> Competition:
    """The competition a CSV is for.

    Args:
        csv: the submission.
        asked: its slug, address or TOML file, where a person named one; empty: what the JSON beside the CSV says, else the
            first one.
    """
    if asked:
        return find_competition(asked)
    made = read_provenance(csv)
    if made.runs and (own := find_run(made.runs[0], must_exist=False).competition()).slug == made.competition:
        return own
    return find_competition(made.competition)


def find_expected(csv: Path, competition: Competition, data: Path | None = None) -> Expected:
    """What a CSV should hold.

    The test tiles in `data` tell first, then the JSON beside the CSV, then a `sample_submission.csv` in the data folder.

    Args:
        csv: the submission.
        competition: names the sample's columns.
        data: a folder of tiles, if one was named.

    Returns:
        What the first of these says; nothing known if there is none of them.

    Raises:
        BadInput: the folder that was named holds neither tiles nor a sample.
    """
    made = read_provenance(csv)
    folders = [Path(folder) for folder in (data, made.data, output_root() / "data") if folder]
    samples = [folder / SAMPLE for folder in folders if (folder / SAMPLE).is_file()]
    if data is not None:
        try:
            return expect_tiles(data, competition)
        except BadInput:
            if not (data / SAMPLE).is_file():
                raise
    elif made.stems is not None:
        ids = tuple(f"{stem}{competition.id_suffix}" for stem in made.stems)
        return Expected(shown(csv.with_suffix(".json")), ids, made.shape)
    return expect_sample(samples[0], competition) if samples else Expected()


def how_checked(expected: Expected) -> str:
    """What the ids were compared with, in words."""
    if expected.stems is None:
        return "could not be checked: no list of them was found; name the folder of tiles with --data"
    return f"checked against the {len(expected.stems)} ids of {expected.source}"


def expect_tiles(data: Path, competition: Competition) -> Expected:
    """The ids of a folder's test tiles, and the size of the first."""
    from kaggle_seg.tiles.dataset import find_dataset
    from kaggle_seg.tiles.files import read_image

    dataset = find_dataset(data, competition)
    if not dataset.test:
        raise BadInput(f"{shown(data)}: found no test tiles, wanted the folder the submission was made for; name that")
    height, width = read_image(dataset.root / dataset.test[0].image).shape[:2]
    ids = tuple(tile.stem + competition.id_suffix for tile in dataset.test)
    return Expected(f"the test tiles in {shown(data)}", ids, (height, width))


def expect_sample(path: Path, competition: Competition) -> Expected:
    """The ids of a sample submission, and the size it states."""
    rows = Submission.read(path, competition).images
    return Expected(shown(path), tuple(row.stem for row in rows), rows[0].shape if rows else None)


def find_images(csv: Path, competition: Competition, data: Path | None = None) -> dict[str, Path]:
    """The image files of the test tiles, by the ids that the CSV has for them.

    Args:
        csv: the submission.
        competition: where its tiles lie and how the CSV names them.
        data: the folder of tiles; None: the one in the JSON beside the CSV.

    Raises:
        BadInput: it is not known where they are, or they are not there.
    """
    from kaggle_seg.tiles.dataset import find_dataset

    folder = data or read_provenance(csv).data
    if not folder:
        raise BadInput(f"{shown(csv)}: nothing here tells where its tiles are; name their folder with --data")
    try:
        dataset = find_dataset(Path(folder), competition)
    except BadInput as error:
        raise BadInput([*error.problems, "the tiles are needed for pictures; name their folder with --data"]) from error
    return {stem + competition.id_suffix: file for stem, file in dataset.images_of(dataset.test).items()}
