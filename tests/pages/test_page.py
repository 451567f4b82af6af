"""Pages: what is filled in is text, and what may run is what was written."""

from __future__ import annotations

import numpy as np
import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.pages.page import attempt, content_policy, embed_image, environment, source_hash


def test_what_is_filled_in_is_escaped_and_facts_keep_their_order() -> None:
    template = environment().from_string("{{ name }} {{ facts | tojson }}")
    told = template.render(name="<b>&", facts={"b": "</script>", "a": 1})
    assert told == '&lt;b&gt;&amp; {"b": "\\u003c/script\\u003e", "a": 1}'


def test_only_the_script_and_style_of_the_page_may_run() -> None:
    policy = content_policy("alert(1)", "a {}")
    assert f"script-src '{source_hash('alert(1)')}'" in policy and "default-src 'none'" in policy
    assert "script-src 'none'" in content_policy("", "a {}")


def test_what_cannot_be_shown_is_told() -> None:
    def fail(error: Exception) -> None:
        raise error

    assert attempt(lambda: 7) == (7, [])
    assert attempt(lambda: fail(BadInput(["one", "two"]))) == (None, ["one", "two"])
    assert attempt(lambda: fail(PermissionError(13, "Permission denied", "a.csv"))) == (
        None,
        ["a.csv: cannot be read (Permission denied)"],
    )
    with pytest.raises(KeyError):
        attempt(lambda: fail(KeyError("a fault of ours is no missing part")))


def test_an_image_is_an_address() -> None:
    assert embed_image(np.zeros((4, 4, 3), np.uint8)).startswith("data:image/webp;base64,UklGR")
