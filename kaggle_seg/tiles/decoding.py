"""The bytes of an image file into pixels: TIFF, PNG, JPEG.

TIFFs of the usual kinds (8-bit RGB or greyscale, one page) are recognised by a few tags and decoded without tifffile,
whose own bookkeeping costs more than the decoding and holds Python's lock; threads then decode side by side. Whatever
else a TIFF may be, tifffile reads and describes it.
"""

from __future__ import annotations

import io
import struct

import numpy as np

LARGEST = 1 << 28  # pixels; a damaged header must not ask for all the memory there is

TIFF_STARTS = {b"II*\0": "<", b"MM\0*": ">"}
BIG_TIFF_STARTS = (b"II+\0", b"MM\0+")
# Numbers of tags and their values, after the TIFF 6.0 specification
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, SAMPLES = 256, 257, 258, 259, 262, 266, 277
OFFSETS, COUNTS, TILE_OFFSETS, TILE_COUNTS, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT = 273, 279, 324, 325, 284, 338, 339
UNCOMPRESSED, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
INTEGERS = {3: "H", 4: "I"}
NEEDED = {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, SAMPLES, OFFSETS, COUNTS, TILE_OFFSETS, TILE_COUNTS}
NEEDED |= {PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT}

Tags = dict[int, tuple[int, ...]]
Decoded = tuple[str, np.ndarray]


class Unfit(Exception):
    """What is wrong with a file: what was found, what was wanted, the remedy; without the file's name."""


def decode(content: bytes) -> Decoded:
    """What an image file holds.

    Args:
        content: the bytes of the file.

    Returns:
        Its kind in words, e.g. "8-bit RGB with alpha", and its pixels (H, W, C).

    Raises:
        Unfit: it is no TIFF, PNG or JPEG, is damaged, or holds more than one image.
    """
    try:
        if content[:4] in TIFF_STARTS or content[:4] in BIG_TIFF_STARTS:
            return usual_tiff(content) or any_tiff(content)
        return png_or_jpeg(content)
    except Unfit:
        raise
    except Exception as error:  # decoders raise whatever a damaged file makes them stumble over
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise Unfit(f"unreadable or truncated ({reason}); wanted a whole image; copy or download it again") from error


def usual_tiff(content: bytes) -> Decoded | None:
    """Like `decode`, for an 8-bit RGB or greyscale TIFF in a usual compression; None for any other."""
    import imagecodecs

    tags = tiff_tags(content)
    if tags is None or not is_usual(tags):
        return None
    (height,), (width,), (samples,) = tags[HEIGHT], tags[WIDTH], tags.get(SAMPLES, (1,))
    offsets, counts = (tags[OFFSETS], tags[COUNTS]) if OFFSETS in tags else (tags[TILE_OFFSETS], tags[TILE_COUNTS])
    check_extent(height, width, offsets, counts, len(content))
    kind, shape = "8-bit RGB" if samples == 3 else "8-bit greyscale", (height, width, samples)
    in_a_row = OFFSETS in tags and all(a + n == b for a, n, b in zip(offsets, counts, offsets[1:], strict=False))
    if tags[COMPRESSION] == (UNCOMPRESSED,) and in_a_row and sum(counts) == height * width * samples:
        return kind, np.frombuffer(content, np.uint8, sum(counts), offsets[0]).reshape(shape)
    return kind, imagecodecs.tiff_decode(content).reshape(shape)


def tiff_tags(content: bytes) -> Tags | None:
    """The integer tags of a TIFF's only page; None if it has more pages, is a BigTIFF, or is damaged."""
    order, tags = TIFF_STARTS.get(content[:4]), Tags()
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", content, 4)
        (entries,) = struct.unpack_from(f"{order}H", content, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            code, kind, count = struct.unpack_from(f"{order}HHI", content, entry)
            if code in NEEDED and kind in INTEGERS:
                values = f"{order}{count}{INTEGERS[kind]}"
                inside = struct.calcsize(values) <= 4
                where = entry + 8 if inside else struct.unpack_from(f"{order}I", content, entry + 8)[0]
                tags[code] = struct.unpack_from(values, content, where)
        (next_page,) = struct.unpack_from(f"{order}I", content, start + 2 + 12 * entries)
    except struct.error:
        return None
    return None if next_page else tags


def is_usual(tags: Tags) -> bool:
    """Whether a page is 8-bit RGB or greyscale, interleaved, without extra channels, in a usual compression."""
    colour = tags.get(SAMPLES, (1,)), tags.get(PHOTOMETRIC)
    compression = tags.get(COMPRESSION)
    return (
        {HEIGHT, WIDTH, BITS} <= tags.keys()
        and ({OFFSETS, COUNTS} <= tags.keys() or {TILE_OFFSETS, TILE_COUNTS} <= tags.keys())
        and compression in [(code,) for code in (UNCOMPRESSED, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE)]
        and (colour in [((3,), (RGB,)), ((1,), (BLACK_IS_ZERO,))] or (colour == ((3,), (YCBCR,)) and compression == (JPEG,)))
        and set(tags[BITS]) == {8}
        and set(tags.get(SAMPLE_FORMAT, (1,))) == {1}
        and EXTRA_SAMPLES not in tags
        and tags.get(PLANAR, (1,)) == (1,)
        and tags.get(FILL_ORDER, (1,)) == (1,)
    )


def check_extent(height: int, width: int, offsets: tuple[int, ...], counts: tuple[int, ...], length: int) -> None:
    """Refuses a TIFF whose pixels lie beyond the end of its file, or that has none, or far too many for a tile."""
    end = max((offset + count for offset, count in zip(offsets, counts, strict=False)), default=0)
    if end > length:
        raise Unfit(f"truncated: {length} of at least {end} bytes; wanted a whole image; copy or download it again")
    if not 0 < height * width <= LARGEST:
        raise Unfit(f"{height} x {width} pixels (height x width); wanted a tile; cut it into tiles first")


def any_tiff(content: bytes) -> Decoded:
    """Like `decode`, for any TIFF."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        if len(file.pages) != 1:
            raise Unfit(f"{len(file.pages)} pages; wanted one image per file; save its pages separately")
        page = file.pages[0]
        check_extent(page.imagelength, page.imagewidth, page.dataoffsets, page.databytecounts, len(content))
        # tifffile itself writes boolean masks with True as 1 under this tag; other writers mean 1 to be black
        if page.photometric == WHITE_IS_ZERO and page.software != "tifffile.py":
            raise Unfit("white is stored as 0, so it is unclear what is a building; wanted 0 and 255 (building); convert it")
        pixels = page.asarray(maxworkers=1)
    if "S" in page.axes:
        pixels = np.moveaxis(pixels, page.axes.index("S"), -1)
    return tiff_kind(page), np.atleast_3d(pixels)


def tiff_kind(page) -> str:  # type: ignore[no-untyped-def]  # tifffile has no types
    """What a page of tifffile's holds, in words."""
    names = {WHITE_IS_ZERO: "greyscale", BLACK_IS_ZERO: "greyscale", RGB: "RGB", PALETTE: "palette", CMYK: "CMYK"}
    colour = names.get(int(page.photometric), "image in unusual colours")
    if page.photometric == YCBCR and page.compression == JPEG:  # its decoder gives RGB
        colour = "RGB"
    number = {1: "", 2: "signed ", 3: "float "}.get(int(page.sampleformat), "unusual ")
    extra = page.samplesperpixel > {"RGB": 3, "CMYK": 4}.get(colour, 1)
    return f"{page.bitspersample}-bit {number}{colour}{' with alpha' if extra else ''}"


def png_or_jpeg(content: bytes) -> Decoded:
    """Like `decode`, for PNG and JPEG."""
    from PIL import Image, UnidentifiedImageError

    names = {"L": "8-bit greyscale", "LA": "8-bit greyscale with alpha", "1": "1-bit greyscale", "P": "palette"}
    names |= {"RGB": "8-bit RGB", "RGBA": "8-bit RGB with alpha", "CMYK": "8-bit CMYK"}
    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except UnidentifiedImageError as error:
        raise Unfit("not a TIFF, PNG or JPEG, or its first bytes are damaged; copy or download it again") from error
    if image.format == "PNG" and content[24] == 16:  # the header's bit depth
        if image.mode.startswith("I") and "transparency" not in image.info:
            return "16-bit greyscale", np.atleast_3d(np.asarray(image).astype(np.uint16, copy=False))
        return "16-bit PNG", np.empty((image.height, image.width, 0), np.uint8)  # PIL would cut it to 8 bits in silence
    if image.mode in ("RGB", "L") and "transparency" in image.info:  # a colour that stands for transparent
        image = image.convert(f"{image.mode}A")
    return names.get(image.mode, f"image of mode {image.mode}"), np.atleast_3d(np.asarray(image))
