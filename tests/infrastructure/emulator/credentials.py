"""The temporary database credentials that the emulator has issued, in a file beside the control file, so that whoever
plays the data plane knows them. One JSON document a line: user, password, until (seconds since 1970).
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.moto_api._internal import mock_random

FILE = "credentials.jsonl"


def issue(user: str, seconds: int) -> dict[str, Any]:
    """New credentials, in the shape of the API's answer."""
    password = mock_random.get_random_string(32)
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    if path := os.environ.get("EMULATOR_CONTROL"):
        with Path(path).with_name(FILE).open("a") as file:
            file.write(json.dumps({"user": user, "password": password, "until": until.timestamp()}) + "\n")
    return {"DbUser": user, "DbPassword": password, "Expiration": until, "NextRefreshTime": until}
