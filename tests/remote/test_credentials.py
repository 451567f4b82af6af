"""Credentials: which source wins, and that none of them is ever printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.errors import BadInput
from kaggle_seg.remote.credentials import find_credentials


def write(home: Path, name: str, content: object) -> None:
    path = home / ".kaggle" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_the_order_is_the_clients(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert find_credentials(environ) is None
    winners = []
    for name, content in (
        ("credentials.json", {"refresh_token": "r" * 20}),
        ("kaggle.json", {"username": "alice", "key": "k" * 20}),
        ("access_token.txt", "KGAT_file"),
    ):
        write(tmp_path, name, content)
        credentials = find_credentials(environ)
        assert credentials is not None
        winners.append((credentials.kind, len(credentials.overridden)))
    assert winners == [("login", 0), ("key", 1), ("token", 2)]
    credentials = find_credentials(environ | {"KAGGLE_API_TOKEN": "KGAT_environment\n"})
    assert credentials is not None and credentials.source == "KAGGLE_API_TOKEN"
    assert credentials.environment["KAGGLE_API_TOKEN"] == "KGAT_environment"
    assert credentials.secrets == {"KGAT_environment", "KGAT_file", "k" * 20, "r" * 20}


def test_a_variable_may_name_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("KGAT_in_a_file\n", encoding="utf-8")
    credentials = find_credentials({"HOME": str(tmp_path), "KAGGLE_API_TOKEN": str(tmp_path / "token")})
    assert credentials is not None and str(tmp_path / "token") in credentials.source


def test_the_environment_completes_a_kaggle_json(tmp_path: Path) -> None:
    write(tmp_path, "kaggle.json", {"username": "alice"})
    with pytest.raises(BadInput, match="has no key"):
        find_credentials({"HOME": str(tmp_path)})
    credentials = find_credentials({"HOME": str(tmp_path), "KAGGLE_KEY": "k" * 20})
    assert credentials is not None and credentials.kind == "key"


def test_a_kaggle_json_below_config_counts_only_without_a_kaggle_folder(tmp_path: Path) -> None:
    place = tmp_path / "config" / "kaggle" / "kaggle.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"username": "alice", "key": "k" * 20}), encoding="utf-8")
    environ = {"HOME": str(tmp_path), "KAGGLE_CONFIG_DIR": str(place.parent)}
    assert find_credentials(environ) is not None
    (tmp_path / ".kaggle").mkdir()
    assert find_credentials({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}) is None


def test_a_notebook_has_a_token_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("notebook-token", encoding="utf-8")
    environ = {"HOME": str(tmp_path), "KAGGLE_KERNEL_RUN_TYPE": "Batch", "KAGGLE_API_V1_TOKEN": str(tmp_path / "token")}
    assert find_credentials(environ) is None  # no internet: the client does not use it either
    credentials = find_credentials(environ | {"KAGGLE_DATA_PROXY_URL": "http://proxy"})
    assert credentials is not None and credentials.source == "the notebook's own token"


@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_a_secret_never_gets_through(secret: str, before: str, after: str) -> None:
    credentials = find_credentials({"HOME": "/nowhere", "KAGGLE_API_TOKEN": secret})
    assert credentials is not None
    assert secret not in credentials.redact(f"{before}{secret}{after}Bearer {secret}") or secret in "<secret><signature>?"


def test_tokens_of_others_and_signatures_of_addresses_do_not_get_through_either() -> None:
    credentials = find_credentials({"HOME": "/nowhere", "KAGGLE_API_TOKEN": "KGAT_mine"})
    assert credentials is not None
    said = credentials.redact("url: /upload/a.csv?X-Signature=abc%2F123&b=2 (KGAT_another, Basic YWxpY2U6a2V5)")
    assert said == "url: /upload/a.csv?<signature> (<secret>, <secret>)"
