"""Questions to the real client: retries, timeouts, and one upload to the production host through a proxy and TLS."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.errors import Failure
from kaggle_seg.remote import client
from kaggle_seg.remote.client import Kaggle
from kaggle_seg.remote.credentials import need_credentials
from kaggle_seg.remote.refusals import KaggleError, Timeouts

from .conftest import Clock, Outcome, assert_agree
from .kaggle_server import SLUG, KaggleServer

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a test certificate with")


def test_retry_after_is_honoured(
    server: KaggleServer, token: str, make_csv: Callable[..., Path], run_submit: Callable[..., Outcome], clock: Clock
) -> None:
    server.fail("ListSubmissions", 429, headers={"Retry-After": "77"})
    assert run_submit(str(make_csv())).code == 0
    assert clock.time >= 77


@pytest.mark.parametrize("method", ["IntrospectToken", "PUT", "CreateSubmission"])
def test_a_silent_kaggle_is_given_up_in_time(
    method: str,
    server: KaggleServer,
    token: str,
    make_csv: Callable[..., Path],
    run_submit: Callable[..., Outcome],
    clock: Clock,
) -> None:
    quick = Timeouts(answer=3.0, upload=3.0, sleep=clock.sleep, clock=clock.now)
    server.fail(method, 0, hold=threading.Event())
    outcome = run_submit(str(make_csv()), timeouts=quick)
    assert outcome.code == 0, outcome.text
    assert len(server.submissions) == 1
    assert_agree(server)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for api.kaggle.com that signs itself, and its key."""
    public, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=api.kaggle.com"
    extension = ["-addext", "subjectAltName=DNS:api.kaggle.com", "-keyout", str(private), "-out", str(public)]
    subprocess.run(["openssl", *options.split(), *extension], check=True, capture_output=True)
    return public, private


@pytest.fixture
def production(
    home: Path, token: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[KaggleServer]:
    """The stand-in as api.kaggle.com; the client believes to be in production."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with KaggleServer(context) as server:
        monkeypatch.delenv("KAGGLE_API_ENVIRONMENT")
        monkeypatch.setenv("http_proxy", server.url)
        monkeypatch.setenv("https_proxy", server.url)
        yield server


@needs_openssl
def test_an_upload_to_the_production_host(
    production: KaggleServer,
    certificate: tuple[Path, Path],
    make_csv: Callable[..., Path],
    run_submit: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 0, outcome.text
    assert "public score 0.64797" in outcome.out
    assert_agree(production)


@needs_openssl
def test_a_certificate_that_nobody_vouches_for(
    production: KaggleServer, make_csv: Callable[..., Path], run_submit: Callable[..., Outcome]
) -> None:
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "REQUESTS_CA_BUNDLE" in outcome.err
    assert production.requests == []


# ---- a process in the place of the worker's --------------------------------------------------------------------------

SLOW = """
import json, sys, time
sys.stdin.readline()
print(json.dumps({"step": "put"}), flush=True)
time.sleep(1)
print(json.dumps({"step": "create"}), flush=True)
time.sleep(60)
"""


def test_a_client_that_is_given_up_while_it_begins_to_submit_may_have_submitted(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step that it told last counts, even if it comes in at the moment in which it is given up."""
    monkeypatch.setattr(client, "WORKER", tmp_path / "slow.py")
    client.WORKER.write_text(SLOW, encoding="utf-8")

    def look_away(message: dict[str, Any] | None) -> bool:
        if message:
            time.sleep(2)
        return False

    kaggle = Kaggle(SLUG, need_credentials("nothing"))
    with pytest.raises(KaggleError) as caught:
        kaggle.ask("submit", seconds=1.0, watch=look_away)
    assert (caught.value.kind, caught.value.step) == ("late", "create") and caught.value.may_have_submitted
    assert kaggle.worker is None


def test_what_leaves_the_conversation_is_one_plain_message(token: str, server: KaggleServer) -> None:
    server.fail("ListSubmissions", 401, "Unauthorized")
    with (
        pytest.raises(Failure, match="does not accept KAGGLE_API_TOKEN"),
        Kaggle(SLUG, need_credentials("nothing")) as kaggle,
    ):
        kaggle.ask("submissions", slug=SLUG)
