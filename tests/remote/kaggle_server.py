"""A stand-in for Kaggle on the loopback interface: the protocol of the `kaggle` client, with a memory, and faults to order.

The unpatched client reaches it as its HTTP proxy (KAGGLE_API_ENVIRONMENT=LOCALHOST and http_proxy), or through CONNECT and
TLS as api.kaggle.com. Every request is known by its method's name (StartSubmissionUpload, CreateSubmission, ...), the
upload of a file as PUT, the download of the archive as GET.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .kaggle_http import Handler, QuietServer, Refusal

SLUG = "ann-and-dl-image-segmentation"
TOKEN = "KGAT_0123456789abcdef0123456789abcdef"
KEY = "fedcba98765432100123456789abcdef"
USER = "alice"


@dataclass
class Fault:
    """What goes wrong with the next requests of one method.

    Attributes:
        method: its name.
        status: answered instead of the true answer; 0 closes the connection without one; None answers truly.
        message: Kaggle's message in the answer.
        body: the whole body, instead of one made of the message.
        headers: of the answer.
        done: whether the request has its effect all the same.
        seconds: to wait before anything else.
        bytes_: how much of a file passes before the connection is cut.
        times: how many requests it meets.
        hold: the request waits for this event, after `reached` is set.
    """

    method: str
    status: int | None = None
    message: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    done: bool = False
    seconds: float = 0.0
    bytes_: int | None = None
    times: int = 1
    hold: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)


class KaggleServer:
    """The server and all that it remembers; a context manager.

    Attributes:
        requests: the name of every request, in order of arrival.
        submissions: as ListSubmissions shows them, oldest first.
        daily: submissions a day.
        polls: how often GetSubmission says pending before it says complete.
        page: no page has more than this many items.
        starts: where each partial download began.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls, self.lock = tls, threading.Lock()
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.tokens, self.keys = {TOKEN}, {(USER, KEY)}
        self.competition: dict[str, Any] = {
            "maxDailySubmissions": 5,
            "userHasEntered": True,
            "deadline": "2019-12-20T23:59:00Z",
        }
        self.daily, self.polls, self.page = 5, 0, 20
        self.public_score, self.private_score, self.error = "0.64797", "", ""
        self.uploads: dict[str, bytes] = {}
        self.submissions: list[dict[str, Any]] = []
        self.asked: dict[int, int] = {}
        self.files: dict[str, int] = {}
        self.archive = b""
        self.starts: list[int] = []
        self.modified = "Wed, 18 Dec 2019 10:00:00 GMT"

    def __enter__(self) -> KaggleServer:
        handler = type("Bound", (Handler,), {"kaggle": self})
        self.server = QuietServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for fault in self.faults:
            if fault.hold:
                fault.hold.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """Its address, as a proxy."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def storage(self) -> str:
        """Where files go to and come from."""
        return "https://api.kaggle.com" if self.tls else self.url

    def fail(self, method: str, status: int | None = None, message: str = "", **more: Any) -> Fault:
        """Orders a fault; faults of one method meet one request after the other."""
        fault = Fault(method, status, message, **more)
        self.faults.append(fault)
        return fault

    def due(self, method: str) -> Fault | None:
        """The fault that meets this request."""
        with self.lock:
            self.requests.append(method)
            for fault in self.faults:
                if fault.method == method and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def count(self, method: str) -> int:
        return self.requests.count(method)

    def add(self, description: str, status: str = "COMPLETE", score: str = "0.5") -> int:
        """A submission that was there before."""
        item = {"description": description, "fileName": "earlier.csv", "status": status, "publicScore": score}
        item |= {"ref": 56000000 + len(self.submissions) + 1, "date": "2019-12-10T12:00:00.000Z"}
        self.submissions.append(item)
        return item["ref"]

    # ---- the methods ---------------------------------------------------------------------------------------------

    def call(self, method: str, sent: dict[str, Any]) -> dict[str, Any]:
        """Does what a method does and gives its answer."""
        if sent.get("competitionName", SLUG) != SLUG:
            raise Refusal(403, "Permission 'competitions.get' was denied")
        return getattr(self, f"on_{method}")(sent)

    def on_IntrospectToken(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"active": True, "username": USER} if sent["token"] in self.tokens else {"active": False}

    def on_GetCompetition(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"ref": f"https://www.kaggle.com/competitions/{SLUG}", **self.competition}

    def on_GetSubmissionLimits(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        today = self.spent_today()
        return {"numToday": today, "numTotal": len(self.submissions), "numAllowedNow": max(0, self.daily - today)}

    def spent_today(self) -> int:
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        return sum(item["date"].startswith(today) and item["status"] != "ERROR" for item in self.submissions)

    def on_ListSubmissions(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        size, start = min(sent.get("pageSize", 20), self.page), int(sent.get("pageToken") or 0)
        newest = self.submissions[::-1]
        token = str(start + size) if start + size < len(newest) else ""
        return {"submissions": [self.shown(item) for item in newest[start : start + size]], "nextPageToken": token}

    def on_GetSubmission(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for item in self.submissions:
            if item["ref"] == sent["ref"]:
                self.asked[item["ref"]] = self.asked.get(item["ref"], 0) + 1
                return self.shown(item)
        raise Refusal(404, "Submission not found")

    def shown(self, item: dict[str, Any]) -> dict[str, Any]:
        """A submission as it stands; it is scored once it was asked for often enough."""
        if item["status"] == "PENDING" and self.asked.get(item["ref"], 0) > self.polls:
            if self.error:
                item |= {"status": "ERROR", "errorDescription": self.error}
            else:
                item |= {"status": "COMPLETE", "publicScore": self.public_score, "privateScore": self.private_score}
        return {name: value for name, value in item.items() if value != ""}

    def on_StartSubmissionUpload(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = f"blob-{len(self.uploads)}-{sent['fileName']}"
        self.uploads[token] = b""
        return {"token": token, "createUrl": f"{self.storage}/upload/{token}?signature=SIGNED"}

    def on_CreateSubmission(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        content = self.uploads.get(sent["blobFileTokens"], b"")
        if not content:
            raise Refusal(400, "the file was not uploaded")
        if self.spent_today() >= self.daily:
            raise Refusal(400, "Your team has used its daily Submission allowance limit (5)")
        item = {"ref": 56000000 + len(self.submissions) + 1, "status": "PENDING", "totalBytes": len(content)}
        item |= {
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "fileName": sent["blobFileTokens"].split("-", 2)[2],
        }
        item |= {"description": sent.get("submissionDescription", ""), "sha256": hashlib.sha256(content).hexdigest()}
        self.submissions.append(item)
        return {"message": f"Successfully submitted to {SLUG}", "ref": item["ref"]}

    def on_ListDataFiles(self, sent: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        size, start = min(sent.get("pageSize", 20), self.page), int(sent.get("pageToken") or 0)
        names = list(self.files)
        token = str(start + size) if start + size < len(names) else ""
        shown = [{"name": name, "totalBytes": self.files[name]} for name in names[start : start + size]]
        return {"files": shown, "nextPageToken": token}
