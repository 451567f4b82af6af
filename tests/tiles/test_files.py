"""Every kind of file a tile may come in, and every kind that is refused."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.files import mask_pixels, read_image, read_mask

from .trees import draw_image, draw_mask, pillow, put, tiff

IMAGE, MASK = draw_image(0), draw_mask(0)
WHITE = MASK * np.uint8(255)
DEEP = MASK * np.uint16(65535)
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
    "PNG, 16 bits": pillow(DEEP, "PNG"),
    "PNG, 16 bits, 0 and 1": pillow(MASK.astype(np.uint16), "PNG"),
    "16 bits": tiff(DEEP),
    "16 bits, 0 and 255": tiff(WHITE.astype(np.uint16)),
    "16 bits, big-endian, lzw": tiff(DEEP, byteorder=">", compression="lzw"),
}

REFUSED_IMAGES = {
    "greyscale": (tiff(IMAGE[..., 0]), "8-bit greyscale; wanted 8-bit RGB"),
    "16 bits": (tiff(IMAGE.astype(np.uint16)), "16-bit RGB; wanted 8-bit RGB"),
    "float": (tiff(IMAGE.astype(np.float32)), "32-bit float RGB; wanted 8-bit RGB"),
    "signed": (tiff((IMAGE // 2).astype(np.int8)), "8-bit signed RGB; wanted 8-bit RGB"),
    "CMYK": (pillow(Image.fromarray(IMAGE).convert("CMYK"), "TIFF"), "8-bit CMYK; wanted 8-bit RGB"),
    "palette": (pillow(Image.fromarray(IMAGE).convert("P"), "TIFF"), "8-bit palette; wanted 8-bit RGB"),
    "two pages": (tiff(np.stack([IMAGE, IMAGE])), "2 pages; wanted one image per file"),
    "transparent": (tiff(np.dstack([IMAGE, WHITE]), extrasamples=["unassalpha"]), "alpha channel that is not opaque"),
    "greyscale PNG": (pillow(IMAGE[..., 0], "PNG"), "8-bit greyscale; wanted 8-bit RGB"),
    "palette PNG": (pillow(Image.fromarray(IMAGE).convert("P"), "PNG"), "palette; wanted 8-bit RGB"),
    "16-bit grey PNG": (pillow(IMAGE[..., 0].astype(np.uint16), "PNG"), "16-bit greyscale; wanted 8-bit RGB"),
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
    "16 bits, 0 and 300": (tiff(MASK * np.uint16(300)), "a mask of 2 values (0, 300)"),
    "16 bits, three values": (
        pillow(DEEP // 2 + np.uint16(7) * (np.arange(32) > 30), "PNG"),
        "a mask of 3 values (0, 7, 32767)",
    ),
    "16-bit RGB": (tiff(np.dstack([DEEP] * 3)), "16-bit RGB; wanted an 8-bit mask"),
    "16-bit PNG with alpha": (imagecodecs.png_encode(np.dstack([DEEP, DEEP])), "16-bit PNG; wanted an 8-bit mask"),
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
