"""Every kind of file a tile may come in, and every kind that is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.decoding import Unfit, decode, is_usual, tiff_tags
from kaggle_seg.tiles.files import image_pixels, mask_pixels, read_image, read_mask

from .trees import draw_image, draw_mask, pillow, put, tiff

IMAGE, MASK = draw_image(0), draw_mask(0)
WHITE = MASK * np.uint8(255)
OPAQUE = np.full((*MASK.shape, 1), 255, np.uint8)

LOSSLESS = {
    "uncompressed": tiff(IMAGE),
    "deflate": tiff(IMAGE, compression="deflate"),
    "deflate with predictor": tiff(IMAGE, compression="deflate", predictor=True),
    "adobe deflate": tiff(IMAGE, compression="adobe_deflate"),
    "lzw": tiff(IMAGE, compression="lzw"),
    "lzw with predictor": tiff(IMAGE, compression="lzw", predictor=True),
    "packbits": tiff(IMAGE, compression="packbits"),
    "strips of 5 rows": tiff(IMAGE, rowsperstrip=5),
    "strips of 5 rows, lzw": tiff(IMAGE, rowsperstrip=5, compression="lzw"),
    "tiled": tiff(IMAGE, tile=(16, 16), compression="deflate"),
    "big-endian": tiff(IMAGE, byteorder=">"),
    "big-endian, deflate with predictor": tiff(IMAGE, byteorder=">", compression="deflate", predictor=True),
    "BigTIFF": tiff(IMAGE, bigtiff=True),
    "planes apart": tiff(np.moveaxis(IMAGE, -1, 0), planarconfig="separate"),
    "zstandard": tiff(IMAGE, compression="zstd"),
    "TIFF of PIL": pillow(IMAGE, "TIFF"),
    "LZW of PIL": pillow(IMAGE, "TIFF", compression="tiff_lzw"),
    "opaque alpha": tiff(np.dstack([IMAGE, OPAQUE]), extrasamples=["unassalpha"]),
    "opaque alpha, deflate": tiff(np.dstack([IMAGE, OPAQUE]), extrasamples=["unassalpha"], compression="deflate"),
    "PNG": pillow(IMAGE, "PNG"),
    "PNG with opaque alpha": pillow(np.dstack([IMAGE, OPAQUE]), "PNG"),
}

MASKS = {
    "0 and 255": tiff(WHITE),
    "0 and 1": tiff(MASK.astype(np.uint8)),
    "boolean": tiff(MASK),
    "boolean, packbits": tiff(MASK, compression="packbits"),
    "boolean of PIL": pillow(MASK, "TIFF"),
    "deflate": tiff(WHITE, compression="deflate"),
    "lzw with predictor": tiff(WHITE, compression="lzw", predictor=True),
    "packbits": tiff(WHITE, compression="packbits"),
    "three equal channels": tiff(np.dstack([WHITE] * 3)),
    "opaque alpha": pillow(np.dstack([WHITE, OPAQUE]), "PNG"),
    "RGB with opaque alpha": pillow(np.dstack([WHITE] * 3 + [OPAQUE]), "PNG"),
    "PNG": pillow(WHITE, "PNG"),
    "PNG, 0 and 1": pillow(MASK.astype(np.uint8), "PNG"),
    "PNG, 1 bit": pillow(MASK, "PNG"),
}

REFUSED_IMAGES = {
    "greyscale": (tiff(IMAGE[..., 0]), "8-bit greyscale; wanted 8-bit RGB"),
    "16 bits": (tiff(IMAGE.astype(np.uint16)), "16-bit RGB; wanted 8-bit RGB"),
    "float": (tiff(IMAGE.astype(np.float32)), "32-bit float RGB; wanted 8-bit RGB"),
    "signed": (tiff((IMAGE // 2).astype(np.int8)), "8-bit signed RGB; wanted 8-bit RGB"),
    "CMYK": (pillow(Image.fromarray(IMAGE).convert("CMYK"), "TIFF"), "8-bit CMYK; wanted 8-bit RGB"),
    "palette": (pillow(Image.fromarray(IMAGE).convert("P"), "TIFF"), "8-bit palette; wanted 8-bit RGB"),
    "two pages": (tiff(np.stack([IMAGE, IMAGE])), "2 pages; wanted one image a file"),
    "transparent": (tiff(np.dstack([IMAGE, WHITE]), extrasamples=["unassalpha"]), "alpha channel that is not opaque"),
    "greyscale PNG": (pillow(IMAGE[..., 0], "PNG"), "8-bit greyscale; wanted 8-bit RGB"),
    "palette PNG": (pillow(Image.fromarray(IMAGE).convert("P"), "PNG"), "palette; wanted 8-bit RGB"),
    "16-bit grey PNG": (pillow(IMAGE[..., 0].astype(np.uint16), "PNG"), "16-bit PNG; wanted 8-bit RGB"),
    "16-bit PNG": (imagecodecs.png_encode(IMAGE.astype(np.uint16)), "16-bit PNG; wanted 8-bit RGB"),
    "transparent PNG": (pillow(np.dstack([IMAGE, WHITE]), "PNG"), "alpha channel that is not opaque"),
    "PNG with a colour for transparent": (
        pillow(IMAGE, "PNG", transparency=tuple(int(value) for value in IMAGE[0, 0])),
        "alpha channel that is not opaque",
    ),
    "CMYK JPEG": (pillow(Image.fromarray(IMAGE).convert("CMYK"), "JPEG"), "8-bit CMYK; wanted 8-bit RGB"),
    "text": (b"ImageId,EncodedPixels\n", "not a TIFF, PNG or JPEG"),
    "nothing": (b"", "an empty file (0 bytes)"),
}

REFUSED_MASKS = {
    "three values": (tiff(WHITE // 2 + np.uint8(7) * (np.arange(32) > 30)), "a mask of 3 values (0, 7, 127)"),
    "0 and 128": (tiff(MASK * np.uint8(128)), "a mask of 2 values (0, 128)"),
    "1 and 255": (tiff(np.maximum(WHITE, 1)), "a mask of 2 values (1, 255)"),
    "0, 1 and 255": (tiff(np.where(np.arange(32) > 30, np.uint8(1), WHITE)), "a mask of 3 values (0, 1, 255)"),
    "all 7": (tiff(np.full_like(WHITE, 7)), "a mask of 1 value (7)"),
    "JPEG": (pillow(WHITE, "JPEG", quality=60), "values"),
    "colours": (tiff(np.dstack([WHITE, WHITE, WHITE * 0])), "a mask in colours"),
    "16 bits": (tiff(WHITE.astype(np.uint16)), "16-bit greyscale; wanted an 8-bit mask"),
    "white as 0": (pillow(Image.fromarray(MASK), "TIFF", tiffinfo={262: 0}), "white is stored as 0"),
    "not opaque": (pillow(np.dstack([WHITE, WHITE]), "PNG"), "alpha channel that is not opaque"),
}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_images(tmp_path: Path, kind: str) -> None:
    pixels = read_image(put(tmp_path / "1.tif", LOSSLESS[kind]))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, IMAGE)


@pytest.mark.parametrize("how", [{}, {"rowsperstrip": 16}, {"photometric": "ycbcr"}])
def test_jpeg_tiffs_are_as_tifffile_reads_them(tmp_path: Path, how: dict[str, object]) -> None:
    path = put(tmp_path / "1.tif", tiff(IMAGE, compression="jpeg", **how))
    np.testing.assert_array_equal(read_image(path), tifffile.imread(path))


def test_jpegs_are_as_pil_reads_them(tmp_path: Path) -> None:
    path = put(tmp_path / "1.JPG", pillow(IMAGE, "JPEG"))
    np.testing.assert_array_equal(read_image(path), np.asarray(Image.open(path)))


def test_jpeg_tiffs_of_pil_keep_their_colours(tmp_path: Path) -> None:
    pixels = read_image(put(tmp_path / "1.tif", pillow(IMAGE, "TIFF", compression="jpeg", quality=95)))
    assert np.abs(pixels.astype(int) - IMAGE).mean() < 12


@pytest.mark.parametrize("kind", MASKS)
def test_masks(tmp_path: Path, kind: str) -> None:
    mask = read_mask(put(tmp_path / "1.tif", MASKS[kind]))
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, MASK)


@pytest.mark.parametrize("value", [0, 1, 255, False, True])
def test_masks_of_one_value(value: int | bool) -> None:
    mask, _ = mask_pixels(tiff(np.full((8, 8), value, bool if isinstance(value, bool) else np.uint8)))
    assert (mask == bool(value)).all()


@pytest.mark.parametrize("kind", REFUSED_IMAGES)
def test_refused_images(tmp_path: Path, kind: str) -> None:
    content, reason = REFUSED_IMAGES[kind]
    assert_refused(put(tmp_path / "5.tif", content), read_image, reason)


@pytest.mark.parametrize("kind", REFUSED_MASKS)
def test_refused_masks(tmp_path: Path, kind: str) -> None:
    content, reason = REFUSED_MASKS[kind]
    assert_refused(put(tmp_path / "5.tif", content), read_mask, reason)


def test_unreadable_file(tmp_path: Path) -> None:
    assert_refused(tmp_path / "5.tif", read_image, "unreadable (No such file or directory)")


def assert_refused(path: Path, read: object, reason: str) -> None:
    """The message is one line, begins with the path, and gives found, wanted and remedy."""
    with pytest.raises(BadInput) as error:
        read(path)  # type: ignore[operator]
    (line,) = error.value.problems
    assert line.startswith(str(path))
    assert reason in line and line.count(";") >= 1 and "\n" not in line


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
