"""Starts the emulator on a free port of 127.0.0.1 and prints the port."""

from __future__ import annotations

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from . import calls, corrections, data_api, redshift, serverless


def main() -> None:
    redshift.install()
    data_api.install()
    serverless.install()
    corrections.install()
    calls.install()
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)  # type: ignore[arg-type]
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


main()
