"""The HTTP side of the stand-in for Kaggle: requests in, answers out, and the faults that are due in between."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import time
from base64 import b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .kaggle_server import KaggleServer


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed or has given up is no news."""


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for `kaggle`."""

    protocol_version = "HTTP/1.1"
    kaggle: KaggleServer
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_CONNECT(self) -> None:
        """A tunnel to the production host, which ends here."""
        assert self.kaggle.tls is not None and self.path == "api.kaggle.com:443"
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.tunnel = self.kaggle.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.tunnel.makefile("rb"), self.tunnel.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        if hasattr(self, "tunnel"):
            self.tunnel.close()

    def do_POST(self) -> None:
        method = self.path.rpartition("/")[2]
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        self.meet(method, lambda: self.rpc(method, sent))

    def rpc(self, method: str, sent: dict[str, Any]) -> Callable[[], None]:
        """Does a call; its answer is sent by what comes back."""
        kaggle, login = self.kaggle, self.headers.get("Authorization", "")
        keys = {"Basic " + b64encode(f"{user}:{key}".encode()).decode() for user, key in kaggle.keys}
        if method != "IntrospectToken" and login not in {f"Bearer {token}" for token in kaggle.tokens} | keys:
            return lambda: self.answer(401, {"code": 401, "message": "Unauthorized"})
        if method == "DownloadDataFiles":
            place = f"{kaggle.storage}/archive/{sent['competitionName']}.zip?signature=SIGNED"
            return lambda: self.answer(302, b"", {"Location": place})
        try:
            with kaggle.lock:
                result = kaggle.call(method, sent)
        except Refusal as refusal:
            status, message = refusal.status, refusal.message
            return lambda: self.answer(status, {"code": status, "message": message})
        return lambda: self.answer(200, result)

    def do_PUT(self) -> None:
        token = urlsplit(self.path).path.rpartition("/")[2]
        size = int(self.headers["Content-Length"])

        def store() -> Callable[[], None]:
            self.kaggle.uploads[token] = self.rfile.read(size)
            return lambda: self.answer(200, b"")

        self.meet("PUT", store, size)

    def do_GET(self) -> None:
        self.meet("GET", lambda: self.send_archive)

    def send_archive(self, most: int | None = None) -> None:
        """The archive, or the part of it that is asked for, if it is still the same."""
        whole, tag = self.kaggle.archive, f'"{hashlib.md5(self.kaggle.archive).hexdigest()}"'
        headers = {"ETag": tag, "Accept-Ranges": "bytes", "Last-Modified": self.kaggle.modified}
        start = 0
        if (asked := self.headers.get("Range", "")) and self.headers.get("If-Range", tag) == tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            self.kaggle.starts.append(start)
            if start >= len(whole):
                return self.answer(416, b"")
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        self.answer(206 if start else 200, whole[start:], headers, most)
        return None

    def meet(self, method: str, act: Callable[[], Callable[[], None]], size: int = 0) -> None:
        """Answers a request, or has the fault that is due happen to it."""
        fault = self.kaggle.due(method)
        if fault is None:
            return act()()
        fault.reached.set()
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.hold:
            fault.hold.wait(30)
        if fault.bytes_ is not None and method == "PUT":
            self.rfile.read(min(fault.bytes_, size))
            return self.cut()
        if fault.bytes_ is not None:
            return self.send_archive(fault.bytes_)
        answer = act() if fault.done or fault.status is None else None
        if fault.status is None:
            assert answer is not None
            return answer()
        if fault.status == 0:
            return self.cut()
        body: Any = fault.body.encode() if fault.body else {"code": fault.status, "message": fault.message}
        if method == "PUT" and not fault.done:
            self.rfile.read(size)
        return self.answer(fault.status, body, fault.headers)

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None, most: int | None = None) -> None:
        """Sends an answer; with `most`, no more than so many bytes of its body, and then hangs up."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        kind = "application/json" if not isinstance(body, bytes) else "text/html" if b"<" in body[:1] else "application/zip"
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[:most])
        if most is not None:
            self.cut()

    def cut(self) -> None:
        """Hangs up."""
        self.close_connection = True
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
