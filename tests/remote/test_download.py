"""The competition's tiles from the stand-in for Kaggle: whole, resumed, checked, and nothing outside their folder."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kaggle_seg import download
from kaggle_seg.remote.download import notebook_tiles

from .conftest import Outcome, archive_of
from .kaggle_server import SLUG, KaggleServer

RULES = "You must accept this competition's rules before you'll be able to download files."
TREE = "Segmentation_Dataset"


@pytest.fixture
def tiles(server: KaggleServer) -> dict[str, bytes]:
    """Three training tiles and two test tiles (files that do not deflate), ready on the server."""
    draw = random.Random(7)
    names = [f"{TREE}/training/{kind}/img/{number}.tif" for kind in ("images", "masks") for number in (1, 2, 3)]
    names += [f"{TREE}/test/images/img/{number}.tif" for number in (4, 5)]
    files = {name: draw.randbytes(400_000) for name in names}
    server.archive = archive_of(files)
    server.files = {name: len(content) for name, content in files.items()}
    return files


@pytest.fixture
def run_download(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`python -m kaggle_seg.download ...` in this process."""

    def run(*argv: str) -> Outcome:
        code = download.main(argv)
        said = capfd.readouterr()
        assert "SIGNED" not in said.out + said.err
        return Outcome(code, said.out, said.err)

    return run


def assert_whole(root: Path, tiles: dict[str, bytes]) -> None:
    """All tiles lie in data/, byte for byte, and nothing is left over."""
    data = root / "data"
    assert {path.relative_to(data).as_posix() for path in data.rglob("*.tif")} == tiles.keys()
    assert all((data / name).read_bytes() == content for name, content in tiles.items())
    assert json.loads((data / ".downloaded.json").read_text(encoding="utf-8"))["slug"] == SLUG
    assert not (root / ".data.download").exists()


def test_tiles_come_and_are_counted(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    outcome = run_download()
    assert outcome.code == 0
    assert outcome.out == "3 training tiles, 2 test tiles\ntiles: data\n"
    assert_whole(output_root, tiles)
    before = len(server.requests)
    assert run_download().code == 0  # they are there already
    assert len(server.requests) == before


def test_a_cut_download_goes_on_where_it_was(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    server.fail("GET", bytes_=2_200_000)
    assert run_download().code == 0
    assert_whole(output_root, tiles)
    assert server.count("GET") == 2


def test_two_downloads_at_once_load_the_tiles_once(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    first = server.fail("GET", hold=threading.Event())
    command = [sys.executable, "-m", "kaggle_seg.download"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as one:
        assert first.reached.wait(60)
        with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as other:
            assert other.stderr is not None
            while "another download into data is under way" not in other.stderr.readline():
                assert other.poll() is None
            assert first.hold is not None
            first.hold.set()
            assert (one.wait(60), other.wait(60)) == (0, 0)
    assert_whole(output_root, tiles)
    assert server.count("GET") == 1 and not (output_root / ".data.download.lock").exists()


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_killed_download_goes_on_where_it_was(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    server.fail("GET", bytes_=2_200_000)
    rest = server.fail("GET", hold=threading.Event())
    with subprocess.Popen([sys.executable, "-m", "kaggle_seg.download"], stderr=subprocess.DEVNULL) as process:
        assert rest.reached.wait(60)
        process.send_signal(signal.SIGKILL)
    archive = output_root / ".data.download" / f"{SLUG}.zip"
    assert archive.stat().st_size == 2 << 20 and not (output_root / "data").exists()
    assert run_download().code == 0
    assert_whole(output_root, tiles)
    assert server.starts == [2 << 20]


def test_an_archive_that_changed_meanwhile_is_loaded_anew(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    work = output_root / ".data.download"
    work.mkdir()
    (work / f"{SLUG}.zip").write_bytes(b"old" * 30_000)
    (work / f"{SLUG}.zip.kaggle-partial").write_text(json.dumps({"validator": '"old"', "size": 999_999}), encoding="utf-8")
    assert run_download().code == 0
    assert_whole(output_root, tiles)


def test_a_damaged_archive_is_loaded_once_more(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    work = output_root / ".data.download"
    work.mkdir()
    damaged = bytearray(server.archive)
    damaged[500_000] ^= 1
    (work / f"{SLUG}.zip").write_bytes(damaged)  # as large and newer than Kaggle's: the client would keep it
    outcome = run_download()
    assert outcome.code == 0 and "damaged" in outcome.err
    assert_whole(output_root, tiles)


def test_a_damage_that_stays_is_given_up(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    server.archive = server.archive[:-40]
    outcome = run_download()
    assert outcome.code == 1 and "damaged twice" in outcome.err
    assert not (output_root / "data").exists()


@pytest.mark.parametrize(
    ("method", "fault", "said"),
    [
        ("ListDataFiles", {"status": 403, "message": RULES}, f"https://www.kaggle.com/competitions/{SLUG}/rules"),
        ("DownloadDataFiles", {"status": 403, "message": RULES}, f"https://www.kaggle.com/competitions/{SLUG}/rules"),
        ("DownloadDataFiles", {"status": 404, "message": "Not found"}, "misspelt"),
        ("GET", {"status": 403, "body": "<Error>Expired</Error>"}, "403"),
    ],
)
def test_a_refused_download_says_what_to_do(
    method: str,
    fault: dict[str, object],
    said: str,
    server: KaggleServer,
    token: str,
    tiles: dict[str, bytes],
    output_root: Path,
    run_download: Callable[..., Outcome],
) -> None:
    server.fail(method, **fault)  # type: ignore[arg-type]
    outcome = run_download()
    assert outcome.code == 1 and said in outcome.err
    assert not (output_root / "data").exists()


def test_a_full_disk_is_noticed_before_the_download(
    server: KaggleServer,
    token: str,
    tiles: dict[str, bytes],
    run_download: Callable[..., Outcome],
) -> None:
    server.files = {"huge.zip": 1 << 60}
    outcome = run_download()
    assert outcome.code == 1 and "GB are free" in outcome.err
    assert server.count("DownloadDataFiles") == 0


def test_other_files_in_the_folder_stay(
    server: KaggleServer, token: str, tiles: dict[str, bytes], output_root: Path, run_download: Callable[..., Outcome]
) -> None:
    (output_root / "data").mkdir()
    (output_root / "data" / "mine.txt").write_text("mine", encoding="utf-8")
    outcome = run_download()
    assert outcome.code == 2 and "--to DIR" in outcome.err and server.requests == []
    assert run_download("--to", str(output_root / "elsewhere")).code == 0


def test_without_credentials(server: KaggleServer, home: Path, run_download: Callable[..., Outcome]) -> None:
    assert run_download("--if-credentials") == Outcome(0, "", "")
    outcome = run_download()
    assert outcome.code == 2 and "settings/api" in outcome.err


def test_a_notebook_finds_its_input_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SLUG).mkdir()
    assert notebook_tiles(SLUG, tmp_path) is None
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert notebook_tiles(SLUG, tmp_path) == tmp_path / SLUG
    assert notebook_tiles("another", tmp_path) is None
