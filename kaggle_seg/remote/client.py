"""The only door to Kaggle: questions to the `kaggle` client in a process of its own, with timeouts and retries.

    with connect("ann-and-dl-image-segmentation", "python -m kaggle_seg.submit") as kaggle:
        kaggle.retry(lambda: kaggle.ask("submissions", slug=kaggle.slug))

One process serves many questions and starts with the first. What goes wrong inside the block is a `KaggleError`, free of
secrets; what leaves the block is a `Failure` with one plain message.
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
from typing import Any, Self, TypeVar

from kaggle_seg.errors import Failure
from kaggle_seg.remote.credentials import Credentials, need_credentials
from kaggle_seg.remote.refusals import KaggleError, Timeouts, explain, seconds_of

WORKER = Path(__file__).with_name("worker.py")
TICK = 0.2  # seconds between two looks at a silent process

Answer = TypeVar("Answer")
Watch = Callable[[dict[str, Any] | None], bool]


def note(text: str) -> None:
    """Prints a line of progress."""
    print(text, file=sys.stderr, flush=True)


class Kaggle:
    """A conversation with Kaggle about one competition; a context manager.

    Args:
        slug: the competition.
        credentials: what the client logs in with.
        timeouts: how long to wait for what.
    """

    def __init__(self, slug: str, credentials: Credentials, timeouts: Timeouts | None = None) -> None:
        self.slug, self.credentials, self.timeouts = slug, credentials, timeouts or Timeouts()
        self.worker: WorkerProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.end()
        if isinstance(error, KaggleError):
            raise Failure(explain(error, self.slug, self.credentials)) from error

    def end(self) -> None:
        """Ends the client's process, whatever it is doing."""
        if self.worker is not None:
            self.worker.end()
            self.worker = None

    def ask(self, do: str, seconds: float | None = None, watch: Watch | None = None, **details: Any) -> Any:
        """Puts one question to the client and waits for its answer.

        Args:
            do: a `do_...` method of the worker, without the `do_`.
            seconds: how long it may take; `timeouts.answer` by default.
            watch: is called with every step the client reports, and with None now and then; when it returns True the
                clock starts again. What it raises ends the client.
            details: the other arguments of that method.

        Raises:
            KaggleError: there was no answer.
        """
        try:
            if self.worker is None:
                self.worker = WorkerProcess(self.credentials)
            return self._converse({"do": do, **details}, seconds or self.timeouts.answer, watch)
        except KaggleError as error:
            if error.kind in ("late", "died") or error.step in ("import", "login"):
                self.end()  # a client that was stopped in the middle, or never logged in, is not asked again
            raise
        except BaseException:
            self.end()
            raise

    def retry(self, attempt: Callable[[], Answer]) -> Answer:
        """Makes an attempt until it succeeds, with growing pauses, as long as the errors are temporary.

        A pause is never shorter than Kaggle's Retry-After.

        Raises:
            KaggleError: it is not temporary, or the attempts or the time are used up.
        """
        timeouts = self.timeouts
        until, pause, attempts = timeouts.clock() + timeouts.retrying, timeouts.pause, 1
        while True:
            try:
                return attempt()
            except KaggleError as error:
                wait = max(pause, error.retry_after)
                if not error.temporary or attempts >= timeouts.attempts or timeouts.clock() + wait > until:
                    raise
                note(f"{error.brief()}; trying again in {wait:.0f} s")
                timeouts.sleep(wait)
                attempts, pause = attempts + 1, min(2 * pause, timeouts.longest_pause)

    def _converse(self, question: dict[str, Any], seconds: float, watch: Watch | None) -> Any:
        assert self.worker is not None
        self.worker.send(question)
        step, until, late = "import", time.monotonic() + seconds, False
        while True:
            try:
                message = self.worker.receive(step)
            except KaggleError as error:
                if not late:
                    raise
                raise KaggleError("late", step, f"no answer within {seconds:.0f} s") from error
            if message and "answer" in message:
                return message["answer"]
            if message and "error" in message:
                raise self._error(message["error"])
            if message:
                step = message["step"]
            if watch and watch(message):
                until = time.monotonic() + seconds
            if not late and time.monotonic() > until:
                late = True
                self.worker.process.kill()  # what it has written is still read: it tells whether the submission was begun

    def _error(self, facts: dict[str, Any]) -> KaggleError:
        redact = self.credentials.redact
        message = redact(str(facts["message"] or facts["type"]).strip())
        if facts["kind"] in ("garbled", "unknown", "missing"):
            message = f"{facts['type']}: {message}"
        if facts["kind"] == "upload" and facts["printed"]:
            message = redact(facts["printed"].strip())
        body, pause = redact(facts.get("body") or ""), seconds_of(facts.get("retry_after"))
        return KaggleError(facts["kind"], facts["step"], message, facts.get("status") or 0, body, pause)


def connect(slug: str, command: str, timeouts: Timeouts | None = None) -> Kaggle:
    """A conversation about a competition with this machine's credentials, whose source is shown.

    Args:
        slug: the competition.
        command: what a person without credentials is to run once they are there.
        timeouts: how long to wait for what.

    Raises:
        BadInput: there are no credentials.
    """
    credentials = need_credentials(command)
    note(f"Kaggle login: {credentials.described()}")
    return Kaggle(slug, credentials, timeouts)


class WorkerProcess:
    """The process in which `worker.py` runs the client.

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
        """Writes a question; if the process has died, `receive` tells it."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()

    def receive(self, step: str) -> dict[str, Any] | None:
        """The next message; None when there is none for a moment.

        Raises:
            KaggleError: the process has ended.
        """
        try:
            line = self.lines.get(timeout=TICK)
        except queue.Empty:
            return None
        if line:
            return json.loads(line)
        self.errors.seek(0)
        raise KaggleError("died", step, self.redact(self.errors.read().strip()[-2000:]))

    def end(self) -> None:
        """Kills the process and frees what it held."""
        self.process.kill()
        self.process.wait()
        self.pump.join()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):  # what was not written yet has no reader any more
                stream.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        """Moves what the process writes into the queue; an empty line tells its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")
