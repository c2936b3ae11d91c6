"""The live report as a small web site on loopback, which only shows: the report, the plays behind a number, and where a
play comes from.

What it answers is for this machine's own browser. It listens on loopback alone; a request has to name it as its host,
or else a page of somebody else's could read it under a name that leads here (DNS rebinding,
https://owasp.org/www-community/attacks/DNS_Rebinding). It answers GET, reads no file but its own two, and asks the
warehouse in transactions that the server lets write nothing. A page may load only what comes from here.

Belongs here: addresses, and who gets an answer. Does not: what is on the pages (the templates), when the report is made
(`live`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import psycopg2
from markupsafe import escape

from sparkify_assets.errors import SparkifyError
from sparkify_assets.inspection.provenance import NoSuchPlay, provenance, with_lines
from sparkify_assets.report.behind import NoSuchNumber, chosen, plays
from sparkify_assets.report.live import LiveReport
from sparkify_assets.report.templates import FOLDER, filled
from sparkify_assets.settings import Settings
from sparkify_assets.source.urls import open_source
from sparkify_assets.warehouse.connection import open_warehouse
from sparkify_assets.warehouse.errors import line

HOST = "127.0.0.1"

#: How long a request may take to arrive, in seconds.
REQUEST_SECONDS = 10

#: What the browser is told about every answer (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers).
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_FILES = {"/style.css": "text/css", "/live.js": "text/javascript"}
_NEWS = "<!--news-->"


class Answer(NamedTuple):
    """What a request gets."""

    status: int
    body: str
    kind: str = "text/html"


def answer(live: LiveReport, target: str) -> Answer:
    """The answer to a request for a target, such as `/why/818-5`."""
    path, query = urlsplit(target)[2:4]
    if "\0" in unquote(target):  # no text of the warehouse's
        return _message(404, "There is no such page.")
    try:
        match path.split("/")[1:]:
            case [""]:
                return _report(live)
            case ["state"]:
                live.look()
                return Answer(200, json.dumps(live.told()), "application/json")
            case ["plays"]:
                return _plays(live, query)
            case ["why", play]:
                return _why(live, unquote(play))
        if path in _FILES:
            return Answer(200, (FOLDER / path[1:]).read_text("utf-8"), _FILES[path])
        return _message(404, "There is no such page.")
    except (NoSuchNumber, NoSuchPlay) as error:
        return _message(404, str(error))
    except (SparkifyError, psycopg2.Error) as error:
        return _message(503, line(error))


def _report(live: LiveReport) -> Answer:
    live.look()
    edition, told = live.edition, live.told()
    news = f'<p id="news" class="news" data-edition="{escape(told["edition"])}">{escape(told["text"])}</p>'
    page = edition.html if edition else filled("message.html", live=True, text="", title="Listening report")
    return Answer(200, page.replace(_NEWS, news, 1))


def _plays(live: LiveReport, query: str) -> Answer:
    asked = chosen(query)
    with live.warehouse.looking() as snapshot:
        found = plays(snapshot, asked) if snapshot else []
    return Answer(200, filled("plays.html", live=True, asked=asked, plays=found))


def _why(live: LiveReport, play: str) -> Answer:
    with live.warehouse.looking() as snapshot:
        if snapshot is None:
            raise NoSuchPlay(f"there is no play {play}")
        found = provenance(snapshot, play)
    found = with_lines(found, open_source(live.settings))
    return Answer(200, filled("why.html", live=True, found=found, dagster=live.settings.page))


def _message(status: int, text: str) -> Answer:
    return Answer(status, filled("message.html", live=True, title="Sparkify", text=text))


class _Request(BaseHTTPRequestHandler):
    """One request; the methods that are not here are refused by the base class."""

    server: _Server
    timeout = REQUEST_SECONDS
    server_version, sys_version = "sparkify", ""
    error_content_type, error_message_format = "text/plain", "%(code)d %(message)s\n"

    def do_GET(self) -> None:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.names:
            self.send_error(403, f"this is {self.server.names[0]}, and answers to no other name")
            return
        if not self.path.startswith("/"):
            self.send_error(400, "not a path")
            return
        given = answer(self.server.live, self.path)
        body = given.body.encode()
        self.send_response(given.status)
        self.send_header("Content-Type", f"{given.kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: requests are no news in the terminal."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, live: LiveReport) -> None:
        super().__init__((HOST, port), _Request)
        self.live = live
        self.names = [f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: most often the browser has gone away."""


@contextmanager
def serving(live: LiveReport, port: int) -> Iterator[str]:
    """A live report at a port of loopback, or at any for 0; its address. Raises OSError where the port is in use."""
    with _Server(port, live) as server:
        thread = threading.Thread(target=server.serve_forever, name="report's server", daemon=True)
        thread.start()
        yield f"http://{server.names[0]}"
        server.shutdown()


@contextmanager
def served(settings: Settings, port: int) -> Iterator[str]:
    """The live report of these settings, likewise."""
    with LiveReport(open_warehouse(settings), settings) as live, serving(live, port) as address:
        yield address
