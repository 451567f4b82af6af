"""How many modules a reader opens to follow each of five things through the package; their calls go down its floors.

A module counts if any of its functions runs during one real run of the way. The ground floor is left out: errors, locks,
config, competition, and the run directory with its places and writes. Each way runs once before it is traced, so that
imports do not count.
"""

from __future__ import annotations

import configparser
import os
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import kaggle_seg
from kaggle_seg import decide, inspect, tune
from kaggle_seg.competition import find_competition
from tests.drawn_runs import draw_run

from .remote.kaggle_server import TOKEN, KaggleServer

COMPETITION = find_competition()

PACKAGE = Path(kaggle_seg.__file__).parent
GROUND = {"errors", "locks", "config", "competition", "run_directory", "output"}
MOST = {"batch": 8, "threshold": 8, "row": 7, "gallery": 19, "upload": 7}
"""The number of modules that each way has reached; a change may lower it."""


@dataclass
class Trace:
    """What ran.

    Attributes:
        modules: names below the package, as in "tiles.cache".
        calls: who called whom: module and function of the nearest caller in the package, and of the called.
    """

    modules: set[str] = field(default_factory=set)
    calls: set[tuple[str, str, str, str]] = field(default_factory=set)

    def profile(self, frame: FrameType, event: str, _: Any) -> None:
        """Notes one call; for `sys.setprofile`."""
        if event != "call":
            return
        if frame.f_code.co_name == "_execute_child":  # a process counts as the module that it runs
            started = [module_of(str(part)) for part in frame.f_locals.get("args") or ()]
            self.modules |= {module for module in started if module}
        module = module_of(frame.f_code.co_filename)
        if not module or frame.f_code.co_name == "<module>":
            return
        self.modules.add(module)
        caller = frame.f_back
        while caller is not None and not module_of(caller.f_code.co_filename):
            caller = caller.f_back
        if caller is not None:
            above = module_of(caller.f_code.co_filename)
            self.calls.add((above, caller.f_code.co_qualname, module, frame.f_code.co_qualname))


def module_of(file: str) -> str:
    """The module in this file, as in "tiles.cache"; empty for files outside the package, and for templates."""
    inside = file.startswith(f"{PACKAGE}{os.sep}") and file.endswith(".py")
    return file[len(str(PACKAGE)) + 1 : -3].replace(os.sep, ".") if inside else ""


def trace(way: Callable[[], None]) -> Trace:
    """What runs on a way, in all threads."""
    way()
    traced = Trace()
    before = sys.getprofile()
    threading.setprofile(traced.profile)
    sys.setprofile(traced.profile)
    try:
        way()
    finally:
        sys.setprofile(before)
        threading.setprofile(None)  # type: ignore[arg-type]
    return traced


def floors() -> list[set[str]]:
    """The floors in setup.cfg, the lowest first; names below the package."""
    settings = configparser.ConfigParser()
    settings.read(PACKAGE.parent / "setup.cfg", encoding="utf-8")
    lines = settings["importlinter:contract:floors"]["layers"].split("\n")
    return [{name.strip().removeprefix("kaggle_seg.") for name in line.split("|")} for line in lines if line][::-1]


def floor_of(module: str) -> int:
    return next(number for number, names in enumerate(floors()) if module in names or module.partition(".")[0] in names)


def hold(way: str, traced: Trace) -> None:
    """Holds a way to its number, and its calls to the floors."""
    opened = sorted(traced.modules - GROUND)
    # report_errors stands around every command, and calls it from the lowest floor
    inner = [call for call in traced.calls if call[0] != "errors"]
    upward = sorted(call for call in inner if floor_of(call[0]) < floor_of(call[2]))
    assert not upward, f"calls up from a lower floor: {upward}"
    assert len(opened) <= MOST[way], f"{len(opened)} modules, wanted {MOST[way]}: {' '.join(opened)}"


def test_a_tile_into_a_training_batch(tree: Path, output_root: Path) -> None:
    """From the folder of tiles, with the cache to be built, to the first batch."""
    from kaggle_seg.tiles.batches import Batches
    from kaggle_seg.tiles.cache import open_cache

    def way() -> None:
        shutil.rmtree(output_root / "runs", ignore_errors=True)
        training = open_cache(tree, competition=find_competition()).training
        images, masks, _ = next(iter(Batches(training.images, training.masks, np.arange(10), 2, 0).epoch(1)))
        assert len(images) == len(masks) == 2

    hold("batch", trace(way))


def test_validation_maps_into_a_threshold(tree: Path) -> None:
    """From the validation maps beside their masks (a `Validation` at hand) to the rule in decision.json."""
    from kaggle_seg.decisions.record_files import write_decision
    from kaggle_seg.decisions.tuning import tune
    from kaggle_seg.decisions.validation import validation_of
    from kaggle_seg.masks.scores import own_variant

    run = draw_run("drawn", tree)
    validation = validation_of([run])
    variant = own_variant(validation.competition)

    def way() -> None:
        tuned = tune(validation.maps, validation.truth, validation.clusters, variant, validation.competition)
        write_decision(run.decision_file, tuned.decision)
        assert run.decision_file.exists()

    hold("threshold", trace(way))


def test_a_mask_into_a_csv_row(tree: Path, output_root: Path) -> None:
    """From the test maps and a rule to the written CSV and the JSON beside it."""
    from kaggle_seg.decisions.applying import Choice
    from kaggle_seg.decisions.record import Provenance
    from kaggle_seg.decisions.rules import Threshold
    from kaggle_seg.masks.maps import MapStore
    from kaggle_seg.submission.deciding import decide_and_write

    maps = MapStore.open(draw_run("drawn", tree).folder / "test")
    choice, origin = Choice(Threshold(107), None), Provenance(Path())

    def way() -> None:
        shutil.rmtree(output_root / "submissions", ignore_errors=True)
        decided = decide_and_write(maps, choice, "drawn", origin, COMPETITION)
        assert decided.new

    hold("row", trace(way))


def test_a_csv_into_a_gallery_page(tree: Path, output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command and a CSV without a run behind it, the tiles at hand, to the written page."""
    draw_run("drawn", tree)
    assert tune.main(["drawn"]) == decide.main(["drawn"]) == 0
    csv = output_root / "elsewhere" / "drawn.csv"
    csv.parent.mkdir()
    shutil.copy(output_root / "submissions" / "drawn.csv", csv)

    def way() -> None:
        assert inspect.main([str(csv), "--data", str(tree), "--html"]) == 0
        assert "page: " in capsys.readouterr().out

    hold("gallery", trace(way))


def test_a_csv_into_exactly_one_upload(tmp_path: Path, output_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a checked CSV to its submission on Kaggle, whose answer is lost on the way.

    The process that talks to Kaggle counts as the module it runs.
    """
    from kaggle_seg.decisions.record_files import provenance_of
    from kaggle_seg.remote.choice import entry_for
    from kaggle_seg.remote.client import Kaggle
    from kaggle_seg.remote.credentials import find_credentials
    from kaggle_seg.remote.ledger import Ledger
    from kaggle_seg.remote.upload import upload
    from kaggle_seg.submission.table import write_submission

    csv = output_root / "submissions" / "a.csv"
    write_submission(csv, ["1", "2"], ["7 3", ""], 16, 16, COMPETITION)
    wanted = entry_for(provenance_of(csv), COMPETITION.slug)
    with KaggleServer() as server:
        only_the_stand_in(server, tmp_path, monkeypatch)
        credentials = find_credentials()
        assert credentials is not None

        def way() -> None:
            (output_root / "submissions" / "ledger.csv").unlink(missing_ok=True)
            server.submissions.clear()
            server.fail("CreateSubmission", 0, done=True)
            with Kaggle(COMPETITION.slug, credentials) as kaggle:
                upload(kaggle, Ledger(), csv, wanted)
            assert len(server.submissions) == 1

        hold("upload", trace(way))


def only_the_stand_in(server: KaggleServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which the client finds the stand-in for Kaggle, a token for it, and nothing else."""
    for name in [name for name in os.environ if name.startswith("KAGGLE_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    facts = {"HOME": str(home), "KAGGLE_API_ENVIRONMENT": "LOCALHOST", "KAGGLE_API_TOKEN": TOKEN}
    for name, value in (facts | {"http_proxy": server.url, "https_proxy": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
