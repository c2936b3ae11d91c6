"""Starts the emulator on a free port of 127.0.0.1 and prints the port."""

from __future__ import annotations

import argparse
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from . import control, corrections, redshift


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=Path, required=True, help="control file, see control.py")
    control.use(parser.parse_args().control)
    redshift.install()
    corrections.install()
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)  # type: ignore[arg-type]
    print(server.port, flush=True)
    server.serve_forever()


main()
