"""Pages: one self-contained HTML file each, made from the templates beside this module.

A page asks no network for anything. Its content security policy lets run and apply only the script and the style that
were written into it here, known by their hashes; pictures come as `data:` addresses. What comes from files (names,
messages) is escaped by Jinja2. So `style="..."` and `onclick="..."` attributes have no effect: use classes and
`addEventListener`; drawings use SVG attributes such as `fill`, or classes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.errors import BadInput

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).with_name("templates")
QUALITY = 75  # of WebP pictures, 0 to 100
Shown = TypeVar("Shown")
BASE_STYLES = ("colours.css", "page.css")


def render(template: str, *, scripts: Sequence[str] = (), styles: Sequence[str] = (), **facts: Any) -> str:
    """A page as text, from a template that extends `base.html.j2`.

    In a template, `{{ facts | tojson }}` inside `<script type="application/json">` hands facts to the scripts.

    Args:
        template: its file in `templates/`.
        scripts: files in `templates/` whose JavaScript the page runs, in order.
        styles: files in `templates/` whose CSS follows that of all pages.
        facts: the template's variables; `title` among them, the page's heading.
    """
    from markupsafe import Markup

    script, style = (joined(files) for files in (scripts, (*BASE_STYLES, *styles)))
    return (
        environment()
        .get_template(template)
        .render(script=Markup(script), style=Markup(style), policy=content_policy(script, style), **facts)
    )


def attempt(find: Callable[[], Shown]) -> tuple[Shown | None, list[str]]:
    """What a page is to show; or None, and why it is missing, a line for each problem."""
    try:
        return find(), []
    except BadInput as error:
        return None, list(error.problems)
    except OSError as error:
        return None, [f"{error.filename}: cannot be read ({error.strerror})"]


def joined(files: Sequence[str]) -> str:
    """The texts of several files in `templates/`."""
    return "".join((TEMPLATES / file).read_text(encoding="utf-8") for file in files)


def content_policy(script: str, style: str) -> str:
    """The content security policy of a page with this script and this style."""
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"script-src '{source_hash(script)}'" if script else "script-src 'none'",
            f"style-src '{source_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def source_hash(text: str) -> str:
    """How a content security policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@functools.lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Jinja2 as pages need it: all that is filled in is escaped, and a name that is not there is an error."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8")
    made = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.policies["json.dumps_kwargs"] = {}  # facts keep their order
    return made


def webp(image: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """An image as a WebP file.

    Args:
        image: uint8 (H, W, 3).
        quality: 0 to 100.
    """
    from PIL import Image

    with io.BytesIO() as content:
        Image.fromarray(np.ascontiguousarray(image)).save(content, "WEBP", quality=quality, method=4)
        return content.getvalue()


def embed_image(image: NDArray[np.uint8], quality: int = QUALITY) -> str:
    """An image as a `data:` address, for the `src` of an `<img>`; arguments as `webp`."""
    return "data:image/webp;base64," + base64.b64encode(webp(image, quality)).decode("ascii")
