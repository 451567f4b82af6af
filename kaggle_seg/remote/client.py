"""The only door to Kaggle: questions to the `kaggle` client in a process of its own, with a clock running.

    with Kaggle(credentials) as kaggle:
        kaggle.ask("competition", slug="ann-and-dl-image-segmentation")

One process serves many questions and starts with the first. What goes wrong comes back as `Trouble`, free of secrets.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from kaggle_seg.remote.credentials import Credentials
from kaggle_seg.remote.trouble import Patience, Trouble, seconds_of

WORKER = Path(__file__).with_name("worker.py")
TICK = 0.2  # seconds between two looks at a silent process

Watch = Callable[[dict[str, Any] | None], bool]


class Kaggle:
    """A conversation with Kaggle.

    Args:
        credentials: what the client logs in with.
        patience: how long an answer may take.
    """

    def __init__(self, credentials: Credentials, patience: Patience | None = None) -> None:
        self.credentials, self.patience = credentials, patience or Patience()
        self.client: Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends the client's process, whatever it is doing."""
        if self.client is not None:
            self.client.end()
            self.client = None

    def ask(self, do: str, seconds: float | None = None, watch: Watch | None = None, **details: Any) -> Any:
        """Puts one question to the client and waits for its answer.

        Args:
            do: a `do_...` method of the worker, without the `do_`.
            seconds: how long it may take; `patience.answer` by default.
            watch: is called with every step the client reports, and with None now and then; when it returns True the
                clock starts anew. What it raises ends the client.
            details: the question's other facts.

        Raises:
            Trouble: there was no answer.
        """
        try:
            if self.client is None:
                self.client = Client(self.credentials)
            return self._converse({"do": do, **details}, seconds or self.patience.answer, watch)
        except BaseException as error:
            if not (
                isinstance(error, Trouble) and error.kind not in ("late", "died") and error.step not in ("import", "login")
            ):
                self.end()  # a client that was stopped in the middle, or never logged in, is not asked again
            raise

    def _converse(self, question: dict[str, Any], seconds: float, watch: Watch | None) -> Any:
        assert self.client is not None
        self.client.send(question)
        step, until = "import", time.monotonic() + seconds
        while True:
            message = self.client.receive(step)
            if message and "answer" in message:
                return message["answer"]
            if message and "trouble" in message:
                raise self._trouble(message["trouble"])
            if message:
                step = message["step"]
            if watch and watch(message):
                until = time.monotonic() + seconds
            if time.monotonic() > until:
                raise Trouble("late", step, f"no answer within {seconds:.0f} s")

    def _trouble(self, facts: dict[str, Any]) -> Trouble:
        redact = self.credentials.redact
        said = redact(str(facts["said"] or facts["type"]).strip())
        if facts["kind"] in ("garbled", "unknown", "missing"):
            said = f"{facts['type']}: {said}"
        if facts["kind"] == "upload" and facts["printed"]:
            said = redact(facts["printed"].strip())
        body, pause = redact(facts.get("body") or ""), seconds_of(facts.get("retry_after"))
        return Trouble(facts["kind"], facts["step"], said, facts.get("status") or 0, body, pause)


class Client:
    """The worker's process.

    Args:
        credentials: they fix its environment.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.redact = credentials.redact
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=dict(credentials.environment) | {"PYTHONIOENCODING": "utf-8"},
            encoding="utf-8",
        )
        self.pump = threading.Thread(target=self._read, daemon=True)
        self.pump.start()

    def send(self, question: dict[str, Any]) -> None:
        """Writes a question; that the process has died is noticed at reading."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()

    def receive(self, step: str) -> dict[str, Any] | None:
        """The next message; None when there is none for a moment.

        Raises:
            Trouble: the process has ended.
        """
        try:
            line = self.lines.get(timeout=TICK)
        except queue.Empty:
            return None
        if line:
            return json.loads(line)
        self.errors.seek(0)
        raise Trouble("died", step, self.redact(self.errors.read().strip()[-2000:]))

    def end(self) -> None:
        """Kills the process and frees what it held."""
        self.process.kill()
        self.process.wait()
        self.pump.join()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):  # what was not written yet finds no reader any more
                stream.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        """Moves what the process writes into the queue; an empty line tells its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")
