"""Training a run: once, under the settings that it was begun with, and on the tiles that were split."""

from __future__ import annotations

import dataclasses
import platform
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from kaggle_seg import split as split_verb
from kaggle_seg.competition import find_competition
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.training import encoder_facts, train_run
from kaggle_seg.output import file_hash
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import Split, read_split
from kaggle_seg.tables import to_tables
from kaggle_seg.tiles.cache import TileCache, open_cache

TINY = RunSettings(
    NetworkSettings(base_filters=2, depth=1, convs_per_level=1), TrainingSettings(epochs=2, precision="float32")
)


@pytest.fixture
def cache(tree: Path) -> TileCache:
    return open_cache(tree, find_competition())


def make_run(tree: Path, name: str) -> tuple[Run, Split]:
    assert split_verb.main(["--data", str(tree), "--run", name]) == 0
    run = find_run(name)
    return run, read_split(run.split_file)


def test_a_run_is_trained_once_and_its_record_says_with_what(tree: Path, cache: TileCache) -> None:
    """Stopped after its first epoch, taken up, and then found done, without Keras."""
    run, split = make_run(tree, "once")
    seen: list[int] = []

    def after(progress: Progress) -> None:
        seen.append(progress.epoch)
        if seen == [1]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(run, TINY, split, cache, find_competition(), quick=True, after_epoch=after)
    assert run.record("train") is None
    progress = train_run(run, TINY, split, cache, find_competition(), quick=True, after_epoch=after)
    assert progress is not None
    assert (progress.epoch, progress.epochs, seen) == (2, 2, [1, 2])
    tables = tomllib.loads(run.settings_file.read_text(encoding="utf-8"))
    assert {name: tables[name] for name in ("network", "training")} == to_tables(TINY)
    assert tables["data"] == {"root": str(tree), "fingerprint": cache.fingerprint, "quick": True}
    assert {"python", "keras", "numpy", "tensorflow", "kaggle_seg"} <= set(tables["versions"])
    assert tables["machine"]["precision"] == "float32"
    assert tables["machine"]["system"].startswith(platform.system())
    record = run.record("train")
    assert record is not None
    assert record["notes"]["best_epoch"] == progress.best_epoch
    before = run.model_file.read_bytes()
    assert train_run(run, TINY, split, cache, find_competition(), after_epoch=after) is None
    assert seen == [1, 2]
    script = (
        "import sys; from kaggle_seg import train; "
        f"code = train.main(['--run', {str(run.folder)!r}, '--epochs', '2', '--base-filters', '2', '--depth', '1', "
        "'--convs-per-level', '1', '--precision', 'float32']); sys.exit(code or 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "train: done before" in done.stderr
    assert run.model_file.read_bytes() == before


def test_what_is_refused_changes_nothing_and_a_restart_forgets_everything(
    tree: Path, cache: TileCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, split = make_run(tree, "other")
    brief = replace(TINY, training=replace(TINY.training, epochs=1))
    train_run(run, brief, split, cache, find_competition())
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    changed = replace(brief, training=replace(brief.training, seed=4))
    with pytest.raises(BadInput, match=r"begun with other settings \(training.seed: 0 -> 4\)"):
        train_run(run, changed, split, cache, find_competition())
    other = dataclasses.replace(cache, fingerprint="other")
    with pytest.raises(BadInput, match="split from other tiles than those now in"):
        train_run(run, brief, split, other, find_competition(), restart=True)
    with monkeypatch.context() as patch:
        patch.setattr("kaggle_seg.network.machine.what_bfloat16_lacks", lambda: "this processor lacks it")
        coarse = replace(brief, training=replace(brief.training, precision="mixed_bfloat16"))
        with pytest.raises(BadInput, match="--precision mixed_bfloat16: this processor lacks it"):
            train_run(run, coarse, split, cache, find_competition(), restart=True)
    assert {path: path.read_bytes() for path in before} == before
    for name in ("plan.json", "learning-curves.png"):
        (run.folder / name).write_text("of a training before", encoding="utf-8")
    progress = train_run(run, changed, split, cache, find_competition(), restart=True)
    assert progress is not None
    assert [row["epoch"] for row in progress.history] == [1]
    assert not (run.folder / "plan.json").exists()
    assert not (run.folder / "learning-curves.png").exists()


def test_an_encoders_run_goes_on_with_the_encoder_that_it_began_with(
    tree: Path, cache: TileCache, lite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "mine.weights.h5"
    shutil.copy(lite_file, weights)
    network = NetworkSettings(
        convs_per_level=1, encoder="efficientnet-lite0", encoder_weights=str(weights), decoder_filters=4
    )
    settings, competition = replace(TINY, network=network), find_competition()
    run, split = make_run(tree, "encoder")

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(run, settings, split, cache, competition, after_epoch=stop)
    tables = tomllib.loads(run.settings_file.read_text(encoding="utf-8"))
    assert tables["encoder"] == {"weights": "mine.weights.h5", "sha256": file_hash(weights), "training": "frozen"}
    assert tables["network"]["encoder_training"] == "auto"
    with monkeypatch.context() as patch:
        patch.setattr("kaggle_seg.network.machine.has_gpu", lambda: True)
        assert encoder_facts(run, network)["encoder"]["training"] == "frozen", "as it was begun"
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    weights.unlink()
    with pytest.raises(BadInput, match=r"--encoder-weights .*mine\.weights\.h5: no such file"):
        train_run(run, settings, split, cache, competition)
    weights.write_bytes(b"another file")
    with pytest.raises(
        BadInput, match=r"run encoder was begun with the encoder's weights mine\.weights\.h5, SHA-256 .* another"
    ):
        train_run(run, settings, split, cache, competition)
    assert {path: path.read_bytes() for path in before} == before
    shutil.copy(lite_file, weights)
    assert train_run(run, settings, split, cache, competition) is not None
    record = run.record("train")
    assert record is not None and record["notes"]["encoder"] == "efficientnet-lite0, frozen"
    weights.unlink()
    assert train_run(run, settings, split, cache, competition) is None, "done, so that nothing is needed"
