"""The process of the client: logging in, what is said when it cannot, and its end with the process that started it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from kaggle_seg.remote import worker

from .conftest import Outcome, assert_agree, start
from .kaggle_server import KEY, TOKEN, USER, KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]


def legacy(home: Path, mode: int = 0o600, content: str = "") -> Path:
    path = home / ".kaggle" / "kaggle.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content or json.dumps({"username": USER, "key": KEY}), encoding="utf-8")
    path.chmod(mode)
    return path


def test_without_credentials_three_steps_lead_to_them(
    server: KaggleServer, home: Path, make_csv: Make, run_submit: Run
) -> None:
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 2
    assert "settings/api" in outcome.err and "3. run: python -m kaggle_seg.submit submissions/a.csv" in outcome.err
    assert server.requests == []


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_kaggle_json_is_enough_and_its_warnings_go_nowhere(
    mode: int, server: KaggleServer, home: Path, make_csv: Make, run_submit: Run
) -> None:
    legacy(home, mode)
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 0 and outcome.out.startswith("reference ")
    assert_agree(server)


def test_a_token_in_a_file_wins_over_kaggle_json(server: KaggleServer, home: Path, make_csv: Make, run_submit: Run) -> None:
    legacy(home)
    (home / ".kaggle" / "access_token").write_text(TOKEN + "\n", encoding="utf-8")
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 0 and "~/.kaggle/access_token (it overrides " in outcome.err and "kaggle.json)" in outcome.err


def test_an_expired_token_beside_a_good_key_is_named(
    server: KaggleServer, home: Path, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy(home)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_expired")
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1
    assert "does not accept KAGGLE_API_TOKEN" in outcome.text and "overrides" in outcome.text and "remove it" in outcome.text
    assert "KGAT_expired" not in outcome.text


def test_a_token_that_nobody_knows_is_named(
    server: KaggleServer, home: Path, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_expired")
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "does not accept KAGGLE_API_TOKEN" in outcome.err and outcome.out == ""


def test_a_line_end_behind_the_token_does_no_harm(
    server: KaggleServer, home: Path, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN + "\n")
    assert run_submit(str(make_csv())).code == 0
    assert_agree(server)


def test_a_blank_inside_the_token_is_found_before_it_is_sent(
    server: KaggleServer, home: Path, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN[:20] + "\n" + TOKEN[20:])
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 2 and "KAGGLE_API_TOKEN" in outcome.err and server.requests == []


@pytest.mark.parametrize("content", ["{", '{"username": "alice"}'])
def test_a_broken_kaggle_json_is_named(
    content: str, server: KaggleServer, home: Path, make_csv: Make, run_submit: Run
) -> None:
    legacy(home, content=content)
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 2 and "kaggle.json" in outcome.err and server.requests == []


def test_a_home_that_cannot_be_written_is_named(
    server: KaggleServer, home: Path, token: str, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / "file" / "kaggle"))
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "KAGGLE_CONFIG_DIR" in outcome.err


def test_stray_settings_of_the_client_do_not_reach_it(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("KAGGLE_TOKEN", "nonsense"), ("KAGGLE_COMPETITION", "titanic"), ("VERBOSE", "1")):
        monkeypatch.setenv(name, value)
    assert run_submit(str(make_csv())).code == 0
    assert_agree(server)


def test_a_client_that_cannot_be_loaded_is_named_with_its_version(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "kaggle.py").write_text("import a_module_that_nobody_declared\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1
    assert "a_module_that_nobody_declared" in outcome.err and "kaggle 2." in outcome.err and "pip install" in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_the_client_ends_with_the_process_that_started_it(
    server: KaggleServer, token: str, make_csv: Callable[..., Path]
) -> None:
    make_csv()
    fault = server.fail("StartSubmissionUpload", hold=threading.Event())
    with start() as process:
        assert fault.reached.wait(30)
        process.send_signal(signal.SIGKILL)
    time.sleep(0.3)
    assert fault.hold is not None
    fault.hold.set()
    time.sleep(0.3)
    assert server.count("PUT") == 0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModuleNotFoundError("No module named 'six'"), "missing"),
        (SystemExit(1), "login"),
        (worker.UploadFailed("no"), "upload"),
        (requests.HTTPError("400"), "refused"),
        (requests.exceptions.JSONDecodeError("no", "<html>", 0), "garbled"),
        (requests.exceptions.SSLError("no"), "certificate"),
        (requests.exceptions.ProxyError("no"), "lost"),
        (PermissionError("no"), "disk"),
        (KeyError("HALFWAY"), "garbled"),
        (RuntimeError("no"), "unknown"),
    ],
)
def test_every_exception_of_the_client_has_a_kind(error: BaseException, kind: str) -> None:
    assert worker.kind_of(error) == worker.described(error)["kind"] == kind
