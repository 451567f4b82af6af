"""The process in which the `kaggle` client runs; `client.Kaggle` starts it and talks to it.

A request is a line of JSON on stdin, `{"do": "limits", "slug": ...}`. Lines of JSON come back on stdout: any number of
`{"step": ...}` while it works, then `{"answer": ...}` or `{"trouble": {...}}`. The client logs in on import, prints on
stdout, calls exit() and may hang for ever: here it can, since the other side reads only these lines, has a clock, and
kills. When stdin ends the other side is dead, and this process ends at once, so that no orphan submits anything.
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
    """Answers requests with the client.

    Attributes:
        step: what it is doing; a trouble is reported with it.
        printed: what the client has printed on stdout, its only word on a failed upload.
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

    def handle(self, request: dict[str, Any]) -> None:
        """Answers one request, whatever the client does."""
        self.printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(self.printed):
                api = self.api = self.api or self.log_in()
                answer = getattr(self, "do_" + request.pop("do"))(api, **request)
            self.send(answer=answer)
        except BaseException as error:
            self.send(trouble=described(error) | {"step": self.step, "printed": self.printed.getvalue()[-2000:]})

    def log_in(self) -> Any:
        """The client's API object, logged in; the import does that already, and swallows why when it does not."""
        self.enter("import")
        import kaggle
        from kaggle.api.kaggle_api_extended import KaggleApi

        worker = self

        class Announcing(KaggleApi):
            """The client's own methods, announced where the submission or the download comes to them."""

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

    def do_account(self, api: Any) -> dict[str, Any]:
        """Who is logged in, and how."""
        found = api.config_values
        return {"user": found.get(api.CONFIG_NAME_USER), "method": found.get(api.CONFIG_NAME_AUTH_METHOD)}

    def do_competition(self, api: Any, slug: str) -> dict[str, Any]:
        """What the competition accepts, from whom, until when, and how many more submissions today."""
        from kagglesdk.competitions.types.competition_api_service import ApiGetCompetitionRequest

        self.enter("competition")
        request = ApiGetCompetitionRequest()
        request.competition_name = slug
        with api.build_kaggle_client() as client:
            found = client.competitions.competition_api_client.get_competition(request)
        self.enter("limits")
        limits = api.competition_get_submission_limits(slug)
        return {
            "deadline": found.deadline.isoformat() if found.deadline else None,
            "daily": found.max_daily_submissions,
            "entered": found.user_has_entered,
            "disabled": found.submissions_disabled,
            "code_only": found.is_kernels_submissions_only,
            "today": limits.num_today,
            "total": limits.num_total,
            "left": limits.num_allowed_now,
            "limited_by_total": limits.limited_by_total,
        }

    def do_submissions(self, api: Any, slug: str, holding: str = "") -> list[dict[str, Any]]:
        """Our submissions, newest first; with `holding`, no page after the first on which a description holds that text."""
        from kagglesdk.competitions.types.competition_api_service import ApiListSubmissionsRequest

        self.enter("list")
        found: dict[int, dict[str, Any]] = {}
        request = ApiListSubmissionsRequest()
        request.competition_name, request.page_size, request.page_token, request.page = slug, PAGE, "", 1
        for number in range(1, MOST_PAGES + 1):
            with api.build_kaggle_client() as client:
                page = client.competitions.competition_api_client.list_submissions(request)
            new = {item.ref: facts(item) for item in page.submissions if item.ref not in found}
            found |= new
            if (
                not new
                or not page.next_page_token
                or (holding and any(holding in item["description"] for item in new.values()))
            ):
                break
            request.page_token, request.page = page.next_page_token, number + 1
        return list(found.values())

    def do_submission(self, api: Any, reference: int) -> dict[str, Any]:
        """One submission."""
        from kagglesdk.competitions.types.competition_api_service import ApiGetSubmissionRequest

        self.enter("poll")
        request = ApiGetSubmissionRequest()
        request.ref = reference
        with api.build_kaggle_client() as client:
            return facts(client.competitions.competition_api_client.get_submission(request))

    def do_submit(self, api: Any, slug: str, file: str, message: str) -> dict[str, Any]:
        """Uploads a CSV and submits it. A reference of 0 means that it did not get there, whatever else is said."""
        self.enter("start")
        answer = api.competition_submit(file, message, slug, quiet=True)
        said = getattr(answer, "message", "") or ""
        if said == api.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
            self.step = "put"
            raise UploadFailed(self.printed.getvalue().strip())
        return {"reference": getattr(answer, "ref", 0) or 0, "said": said}

    def do_files(self, api: Any, slug: str) -> list[dict[str, Any]]:
        """The competition's files."""
        self.enter("files")
        found: dict[str, int] = {}
        token = ""
        for _ in range(MOST_PAGES):
            page = api.competition_list_files(slug, page_token=token, page_size=PAGE)
            found |= {item.name: item.total_bytes or 0 for item in page.files}
            token = page.next_page_token
            if not token:
                break
        return [{"name": name, "bytes": size} for name, size in found.items()]

    def do_download(self, api: Any, slug: str, folder: str) -> None:
        """All files as one archive in this folder, taken up where an earlier download stopped."""
        self.enter("download")
        api.competition_download_files(slug, path=folder, quiet=True)


class UploadFailed(Exception):
    """The file did not get to Kaggle's storage; the client tells no more than what it printed."""


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
    """An exception in plain values: what kind of trouble it is, and what was said."""
    response = getattr(error, "response", None)
    trouble: dict[str, Any] = {"kind": kind_of(error), "type": type(error).__name__, "said": str(error)}
    if trouble["kind"] == "missing":
        trouble["said"] += f"; kaggle {version_found()}, Python {sys.version.split()[0]}"
    if response is not None:  # a response of 4xx is false in itself
        trouble |= {
            "status": response.status_code,
            "body": response.text[:2000],
            "retry_after": response.headers.get("Retry-After"),
        }
    return trouble


def version_found() -> str:
    """The version of the client that is installed, in words."""
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
    questions, sys.stdin = sys.stdin, io.StringIO()  # the client's exit() closes sys.stdin, and would wait for the reader
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in questions:
            requests.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    worker = Worker(channel)
    while True:
        worker.handle(json.loads(requests.get()))


if __name__ == "__main__":
    main()
