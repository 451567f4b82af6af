"""A gallery of as many tiles as the competition has: small enough, quick to open, smooth to scroll."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.pages.gallery.fitting import Block, fit, pack_images
from kaggle_seg.pages.gallery.gallery_page import MOST_BYTES, write_gallery
from kaggle_seg.pages.gallery.subject import Subject
from kaggle_seg.submission.deciding import decide_and_write
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.table import Submission
from tests.pages.conftest import OpenPage

COMPETITION = find_competition()

COUNT, SIDE, PATTERNS = 1234, 256, 16
LOAD_SECONDS, FRAME_SECONDS = 2.0, 0.5
# scrolls through the page; how long the longest of 60 frames took, in seconds
LONGEST_FRAME = """async () => {
  let before = performance.now(), longest = 0;
  for (let step = 0; step < 60; step += 1) {
    scrollBy(0, 400);
    await new Promise(requestAnimationFrame);
    longest = Math.max(longest, performance.now() - before);
    before = performance.now();
  }
  return longest / 1000;
}"""


def draw_scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image that packs as badly as a town from above, and an unsure map: uint8 (256, 256, 3), float32 (256, 256)."""
    random = np.random.default_rng(seed)
    coarse = np.kron(random.integers(40, 200, (64, 64, 3)), np.ones((4, 4, 1)))
    image = np.clip(coarse + random.normal(0, 12, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
    buildings = np.kron(random.random((16, 16)) < 0.3, np.ones((16, 16)))
    unsure = seed / PATTERNS  # the first scene is sure of itself, the last is not
    probabilities = np.clip(0.1 + 0.75 * buildings + random.normal(0, 0.12 * unsure, (SIDE, SIDE)), 0, 1)
    return image, probabilities.astype(np.float32)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 1234 tiles."""
    root = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KSEG_ROOT", str(root))
        tiles = root / "tiles"
        for name in ("images", "masks", "test"):
            (tiles / name).mkdir(parents=True)
        scenes = [draw_scene(seed) for seed in range(PATTERNS)]
        Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(tiles / "masks" / "mask_1.png")
        for seed, (image, _) in enumerate(scenes):
            Image.fromarray(image).save(tiles / "images" / f"img_{seed}.png")
        for number in range(COUNT):
            shutil.copy(tiles / "images" / f"img_{number % PATTERNS}.png", tiles / "test" / f"{number}.png")
        for seed in range(PATTERNS):
            if seed != 1:
                (tiles / "images" / f"img_{seed}.png").unlink()
        levels, sums = quantise(np.stack([probabilities for _, probabilities in scenes]))
        ids = [str(number) for number in range(COUNT)]
        store = MapStore.create(root / "runs" / "many" / "test", ids, ids, SIDE, SIDE)
        for part in store.missing_shards():
            rows = np.arange(part.start, part.stop) % PATTERNS
            store.write_shard(part.start // store.shard, levels[rows], sums[rows])
        rule = Threshold(107)
        origin = Provenance(Path(), runs=("many",), data=str(tiles))
        csv = decide_and_write(store, Choice(rule, None), "many", origin, COMPETITION).path
        submission = Submission.read(csv, COMPETITION)
        return write_gallery(Subject(submission, figures_of(submission)))


def test_it_is_no_larger_than_it_may_be_and_says_what_is_left_out(page_file: Path, open_page: OpenPage) -> None:
    assert 0.95 * MOST_BYTES < page_file.stat().st_size <= MOST_BYTES
    page = open_page(page_file)
    page.wait_for_selector("html[data-ready]")
    there = set(page.evaluate("[...document.querySelectorAll('[id^=map-]')].map(found => Number(found.id.slice(4)))"))
    assert page.locator('[id^="image-"]').count() == COUNT
    assert (
        f"{COUNT - len(there)} of {COUNT} maps left out, of the least uncertain tiles"
        in page.locator(".page-head").inner_text()
    )
    uncertainty = np.array(page.evaluate("facts.tiles.map(tile => tile.uncertainty)"))
    assert uncertainty[sorted(there)].min() >= uncertainty[sorted(set(range(COUNT)) - there)].max()


def test_the_first_tiles_are_there_at_once_and_scrolling_is_smooth(page_file: Path, open_page: OpenPage) -> None:
    loads, frames = [], []
    for _ in range(3):  # the machine may be busy with other things
        started = time.monotonic()
        page = open_page(page_file, viewport={"width": 1280, "height": 900})
        page.locator(".card img").first.wait_for(state="visible")
        assert page.evaluate(
            "document.querySelector('.card img').decode().then(() => document.querySelector('canvas').width)"
        )
        loads.append(time.monotonic() - started)
        page.wait_for_selector("html[data-ready]")
        frames.append(page.evaluate(LONGEST_FRAME))
        if loads[-1] < LOAD_SECONDS and frames[-1] < FRAME_SECONDS:
            break
    assert min(loads) < LOAD_SECONDS
    assert min(frames) < FRAME_SECONDS
    held = page.evaluate("[...document.querySelectorAll('.card canvas')].filter(canvas => canvas.width).length")
    assert 0 < held < 150, "only what is visible is drawn"
    page.locator("#level").fill("40")
    page.wait_for_timeout(300)
    assert page.locator("#now").inner_text().startswith("Threshold 0.")


def test_what_does_not_fit_goes_from_the_end() -> None:
    blocks = [Block(kind, tile, "a" * 1000) for kind in ("image", "map") for tile in (2, 0, 1)]
    totals = {"image": 3, "map": 3}
    chosen, lines = fit(blocks, 1000 + 4 * 1064, totals)
    assert [(block.tile, block.kind) for block in chosen] == [(0, "image"), (1, "image"), (2, "image"), (2, "map")]
    assert lines == ["2 of 3 maps left out, of the least uncertain tiles, to keep this file small"]
    assert fit(blocks, 10**6, totals)[1] == []
    assert fit(blocks, 0, totals)[0] == []
    assert fit(blocks, 10**6, totals | {"map": 7})[1][0].startswith("4 of 7 maps left out")


def test_images_beyond_the_room_are_not_even_read(tmp_path: Path) -> None:
    stems = [str(tile) for tile in range(40)]
    random = np.random.default_rng(0)
    files = {stem: tmp_path / f"{stem}.png" for stem in [*stems, "broken"]}
    for file in files.values():
        Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(file)
    files["broken"].write_bytes(b"no image")
    size = len(pack_images(stems[:1], files, (32, 32), 10**6).packed["0"])
    found = pack_images(["broken", "unknown", *stems], files, (32, 32), 4 * size)
    assert list(found.packed) == stems[: len(found.packed)]
    assert 2 <= len(found.packed) <= 5
    assert found.total == 40
    assert [notice.partition(":")[0] for notice in found.notices] == ["no image for 1 ids", "no image for 1 ids"]
