"""One upload as in earnest: to the production host, through a proxy and TLS; and a certificate that nobody vouches for."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Outcome, assert_agree
from .kaggle_server import KaggleServer

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a test certificate with")


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


def test_a_certificate_that_nobody_vouches_for(
    production: KaggleServer, make_csv: Callable[..., Path], run_submit: Callable[..., Outcome]
) -> None:
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "REQUESTS_CA_BUNDLE" in outcome.err
    assert production.requests == []
