"""The process in which the `kaggle` client runs; `client.Kaggle` starts it and talks to it.

A question is a line of JSON on stdin, `{"do": "competition", "slug": ...}`. Lines of JSON come back on stdout: any number
of `{"step": ...}` while it works, then `{"answer": ...}` or `{"error": {...}}`. The client logs in on import, prints on
stdout, calls exit() and may hang for ever. Here it may: the other side reads these lines only, has a clock, and kills this
process. When stdin ends, the other side is dead, and this process ends at once, so that no orphan submits anything.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import signal
import sys
import threading
from typing import Any

PAGE = 100  # submissions or files asked for at a time
MOST_PAGES = 100


class Worker:
    """Answers questions with the client.

    Attributes:
        step: what it is doing; an error is reported with it.
        printed: what the client has printed on stdout, which is all that it tells about a failed upload.
    """

    def __init__(self, channel: io.TextIOBase) -> None:
        self.channel, self.step, self.printed = channel, "import", io.StringIO()
        self.api: Any = None

    def send(self, **message: Any) -> None:
        self.channel.write(json.dumps(message) + "\n")
        self.channel.flush()

    def enter(self, step: str, **facts: Any) -> None:
        self.step = step
        self.send(step=step, **facts)

    def handle(self, question: dict[str, Any]) -> None:
        """Answers one question, whatever the client does."""
        self.printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(self.printed):
                api = self.api = self.api or self.log_in()
                answer = getattr(self, "do_" + question.pop("do"))(api, **question)
            self.send(answer=answer)
        except BaseException as error:
            self.send(error=described(error) | {"step": self.step, "printed": self.printed.getvalue()[-2000:]})

    def log_in(self) -> Any:
        """The client's API object, logged in. The import logs in already, and hides the reason when that fails."""
        self.enter("import")
        import kaggle
        from kaggle.api.kaggle_api_extended import KaggleApi

        worker = self

        class Announcing(KaggleApi):
            """The client's own methods, which tell when an upload or a download comes to them."""

            def upload_complete(self, *given: Any, **named: Any) -> Any:
                worker.enter("put")
                result = super().upload_complete(*given, **named)
                worker.enter("create")
                return result

            def download_needed(self, response: Any, outfile: Any, *given: Any, **named: Any) -> Any:
                size = int(response.headers.get("Content-Length") or 0)
                worker.enter("receive", size=size, file=os.fspath(outfile))
                return super().download_needed(response, outfile, *given, **named)

        self.enter("login", version=kaggle.__version__)
        api = Announcing()
        if KaggleApi.CONFIG_NAME_AUTH_METHOD in kaggle.api.config_values:
            api.config_values = kaggle.api.config_values
        else:
            api.authenticate()
        return api

    def do_competition(self, api: Any, slug: str) -> dict[str, Any]:
        """What the competition accepts, from whom, until when, and how many more submissions today."""
        from kagglesdk.competitions.types.competition_api_service import ApiGetCompetitionRequest

        self.enter("competition")
        request = ApiGetCompetitionRequest()
        request.competition_name = slug
        with api.build_kaggle_client() as client:
            competition = client.competitions.competition_api_client.get_competition(request)
        self.enter("limits")
        limits = api.competition_get_submission_limits(slug)
        return {
            "deadline": competition.deadline.isoformat() if competition.deadline else None,
            "daily": competition.max_daily_submissions,
            "entered": competition.user_has_entered,
            "disabled": competition.submissions_disabled,
            "code_only": competition.is_kernels_submissions_only,
            "today": limits.num_today,
            "total": limits.num_total,
            "left": limits.num_allowed_now,
            "limited_by_total": limits.limited_by_total,
        }

    def do_submissions(self, api: Any, slug: str, until: str = "") -> list[dict[str, Any]]:
        """Our submissions, newest first; with `until`, no page after the first one that has this text in a description."""
        from kagglesdk.competitions.types.competition_api_service import ApiListSubmissionsRequest

        self.enter("list")
        submissions: dict[int, dict[str, Any]] = {}
        request = ApiListSubmissionsRequest()
        request.competition_name, request.page_size, request.page_token, request.page = slug, PAGE, "", 1
        for number in range(1, MOST_PAGES + 1):
            with api.build_kaggle_client() as client:
                page = client.competitions.competition_api_client.list_submissions(request)
            new = {item.ref: facts(item) for item in page.submissions if item.ref not in submissions}
            submissions |= new
            reached = until and any(until in item["description"] for item in new.values())
            if not new or not page.next_page_token or reached:
                break
            request.page_token, request.page = page.next_page_token, number + 1
        return list(submissions.values())

    def do_submission(self, api: Any, reference: int) -> dict[str, Any]:
        """One submission."""
        from kagglesdk.competitions.types.competition_api_service import ApiGetSubmissionRequest

        self.enter("poll")
        request = ApiGetSubmissionRequest()
        request.ref = reference
        with api.build_kaggle_client() as client:
            return facts(client.competitions.competition_api_client.get_submission(request))

    def do_submit(self, api: Any, slug: str, file: str, message: str) -> dict[str, Any]:
        """Uploads a CSV and submits it. A reference of 0 means that Kaggle did not take it, whatever the message says."""
        self.enter("start")
        answer = api.competition_submit(file, message, slug, quiet=True)
        reply = getattr(answer, "message", "") or ""
        if reply == api.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
            self.step = "put"
            raise UploadFailed(self.printed.getvalue().strip())
        return {"reference": getattr(answer, "ref", 0) or 0, "message": reply}

    def do_files(self, api: Any, slug: str) -> list[dict[str, Any]]:
        """The competition's files."""
        self.enter("files")
        sizes: dict[str, int] = {}
        token = ""
        for _ in range(MOST_PAGES):
            page = api.competition_list_files(slug, page_token=token, page_size=PAGE)
            sizes |= {item.name: item.total_bytes or 0 for item in page.files}
            token = page.next_page_token
            if not token:
                break
        return [{"name": name, "bytes": size} for name, size in sizes.items()]

    def do_download(self, api: Any, slug: str, folder: str) -> None:
        """All files as one archive in this folder; continues an earlier download that was stopped."""
        self.enter("download")
        api.competition_download_files(slug, path=folder, quiet=True)


class UploadFailed(Exception):
    """The file did not reach Kaggle's storage; the client tells no more than what it printed."""


def facts(submission: Any) -> dict[str, Any]:
    """One submission in plain values."""
    return {
        "reference": submission.ref,
        "date": submission.date.isoformat() if submission.date else "",
        "description": submission.description or "",
        "file": submission.file_name or "",
        "status": submission.status.name.lower(),
        "public_score": submission.public_score or "",
        "private_score": submission.private_score or "",
        "error": submission.error_description or "",
    }


def described(error: BaseException) -> dict[str, Any]:
    """An exception in plain values: its kind, and what it says."""
    response = getattr(error, "response", None)
    plain: dict[str, Any] = {"kind": kind_of(error), "type": type(error).__name__, "message": str(error)}
    if plain["kind"] == "missing":
        plain["message"] += f"; kaggle {installed_version()}, Python {sys.version.split()[0]}"
    if response is not None:  # a response of 4xx is false in itself
        retry_after = response.headers.get("Retry-After")
        plain |= {"status": response.status_code, "body": response.text[:2000], "retry_after": retry_after}
    return plain


def installed_version() -> str:
    """The version of the client, or that there is none."""
    from importlib import metadata

    try:
        return metadata.version("kaggle")
    except metadata.PackageNotFoundError:
        return "is not installed"


def kind_of(error: BaseException) -> str:
    """One of: login, missing, upload, refused, garbled, certificate, lost, disk, unknown."""
    if isinstance(error, ImportError):
        return "missing"
    import requests

    kinds: list[tuple[tuple[type[BaseException], ...], str]] = [
        ((SystemExit,), "login"),
        ((UploadFailed,), "upload"),
        ((requests.HTTPError,), "refused"),
        ((json.JSONDecodeError, requests.exceptions.InvalidJSONError), "garbled"),
        ((requests.exceptions.SSLError,), "certificate"),
        ((requests.RequestException,), "lost"),
        ((OSError,), "disk"),
        ((KeyError, TypeError, ValueError, AttributeError), "garbled"),
    ]
    return next((kind for types, kind in kinds if isinstance(error, types)), "unknown")


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that talks to the person; it ends this one
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    lines, sys.stdin = sys.stdin, io.StringIO()  # the client's exit() closes sys.stdin, and would wait for the reader
    questions: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            questions.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    worker = Worker(channel)
    while True:
        worker.handle(json.loads(questions.get()))


if __name__ == "__main__":
    main()
