"""Damaged files give pixels or one line, and the short way through a TIFF reads what tifffile reads."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.decoding import Unfit, decode, is_usual, tiff_tags
from kaggle_seg.tiles.files import image_pixels, read_image

from .test_files import IMAGE, LOSSLESS
from .trees import pillow, put, tiff


def test_a_huge_size_in_a_header_is_refused_before_memory_is_asked_for() -> None:
    content = bytearray(tiff(IMAGE, compression="deflate"))
    for code in (256, 257):  # width and height: tag, type 4 (LONG), one value
        start = content.index(struct.pack("<HHI", code, 4, 1))
        content[start : start + 12] = struct.pack("<HHII", code, 4, 1, 60_000)
    with pytest.raises(Unfit, match="60000 x 60000"):
        decode(bytes(content))


@pytest.mark.parametrize("kind", [kind for kind in LOSSLESS if "PNG" not in kind])
def test_any_truncation_is_found(kind: str) -> None:
    content = LOSSLESS[kind]
    for length in range(1, len(content) - 16, max(1, len(content) // 60)):
        with pytest.raises(Unfit):
            image_pixels(content[:length])


@pytest.mark.parametrize(
    "content", [tiff(IMAGE, compression="jpeg", rowsperstrip=8), pillow(IMAGE, "JPEG"), pillow(IMAGE, "PNG")]
)
def test_truncated_jpeg_and_png(content: bytes) -> None:
    for length in range(1, len(content) * 9 // 10, max(1, len(content) // 40)):
        with pytest.raises(Unfit):
            image_pixels(content[:length])


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(LOSSLESS)), place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=12))
def test_damage_gives_pixels_or_one_line(kind: str, place: float, junk: bytes) -> None:
    content = bytearray(LOSSLESS[kind])
    start = int(place * (len(content) - 1))
    content[start : start + len(junk)] = junk
    try:
        pixels, _ = image_pixels(bytes(content))
    except Unfit as fault:
        assert len(str(fault).splitlines()) == 1
    else:
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[-1] == 3


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), rows=st.integers(1, 40), order=st.sampled_from("<>"))
def test_the_short_way_reads_what_tifffile_reads(height: int, width: int, rows: int, order: str) -> None:
    pixels = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    content = tiff(pixels, rowsperstrip=rows, byteorder=order)
    tags = tiff_tags(content)
    assert tags and is_usual(tags)
    np.testing.assert_array_equal(decode(content)[1], pixels)


def test_decoders_are_silent_about_damage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, content in (
        ("1.tif", LOSSLESS["opaque alpha, deflate"]),
        ("2.png", LOSSLESS["PNG"]),
        ("3.tif", LOSSLESS["tiled"]),
    ):
        for length in range(9, len(content) * 9 // 10, 50):
            with pytest.raises(BadInput):
                read_image(put(tmp_path / name, content[:length]))
    assert capfd.readouterr() == ("", "")
