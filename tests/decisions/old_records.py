"""A decision.json and the JSON beside a CSV as version 0.1.0 wrote them."""

from __future__ import annotations

from typing import Any

OLD_SCORES = {
    "competition_one": {"mean": 0.6, "low": 0.55, "high": 0.65},
    "competition_zero": {"mean": 0.5, "low": 0.45, "high": 0.55},
    "competition_buildings": None,
    "iou_one": {"mean": 0.8, "low": 0.7, "high": 0.9},
    "iou_zero": {"mean": 0.7, "low": 0.6, "high": 0.8},
    "iou_buildings": None,
}
OLD_RULE = {
    "decision": {"rule": "expected-IoU cut", "silence": 0.25},
    "threshold": None,
    "words": "expected-IoU cut, nothing below 0.250",
    "scores": OLD_SCORES,
    "empty_predictions": 0.125,
}
OLD_SCORE = {
    "score": {
        "score": "competition",
        "empty_tile": "zero",
        "mean": 0.5,
        "low": 0.45,
        "high": 0.55,
        "units": 19,
        "reliable": False,
    }
}
OLD_DECISION: dict[str, Any] = {
    "runs": ["north", "south"],
    "maps": ["0123", "4567"],
    **OLD_RULE,
    **OLD_SCORE,
    "contenders": [
        OLD_RULE | {"decision": {"rule": "threshold", "level": 107}, "threshold": 0.418, "words": "threshold 0.418"},
        OLD_RULE,
    ],
    "differences": [
        {"rule": "expected-IoU cut", "than": "threshold", "by": {"mean": 0.01, "low": 0.005, "high": 0.015}},
    ],
    "tiles": 48,
    "tiles_with_buildings": 36,
    "parts": 10,
    "seconds": 1.5,
}
OLD_PROVENANCE: dict[str, Any] = {
    "competition": "roofs",
    "runs": ["north", "south"],
    "data": "/data/tiles",
    "fingerprint": "f",
    "quick": False,
    "demo": True,
    **OLD_RULE,
    **OLD_SCORE,
    "tiles": 48,
    "tiles_with_buildings": 36,
    "parts": 10,
    "overrides": None,
    "stems": ["7", "8"],
    "sha256": "0" * 64,
}
