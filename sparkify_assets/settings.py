"""Where and how the project runs: the environment as one typed value. Nothing else reads the environment.

Belongs here: the name, the default and the meaning of every setting (`.env.example` lists them for users). Does not:
anything that opens a file or a connection for its content, other than the sample's own description. This is no
`BaseSettings` of pydantic-settings, because its import alone takes as long as that of the whole command line.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from sparkify_assets.errors import SparkifyError

#: The first day of events, unless SPARKIFY_FIRST_DAY names another.
DEFAULT_FIRST_DAY = date(2018, 1, 1)

#: For how long after the sample's own days a file that somebody adds to it is loaded.
AFTER_SAMPLE = timedelta(days=7)

#: Variables of the environment that are no settings: of the tests, of `sparkify serve`, and of the seeds of the soak.
_NO_SETTINGS = frozenset({"REFERENCE", "REQUIRE", "TEST_SERVER", "SEED", "PASSWORD"})

Deleted = Literal["withdraw", "keep"]
AllowedValues = Literal["warn", "block"]


class SettingsError(SparkifyError):
    """A setting has a value that cannot be used; the message names it and says what it takes."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides where and how loads run.

    `home` is the state directory. `source` and `work` are URLs (`file://` or `s3://`) without a final slash;
    `warehouse` is `embedded`, `postgresql://…`, `redshift://…` or `redshift-serverless://…`. `first_day` and `last_day`
    (None: the current day) bound the days of events, in UTC, and `last_expected` is the last that has to be there
    (None: `last_day`).

    A partition is blocked when both `reject_share` (0 to 1) and `reject_rows` of its records are exceeded by rejected
    ones, or when it would lose more than the share `max_drop` (0 to 1) of its published rows while its objects are
    still there. `deleted` says whether the rows of a deleted object are withdrawn or kept, `allowed_values` whether an
    unknown level or gender warns or blocks.

    `region` is used for a bucket that does not report its own; with `requester_pays`, whoever reads the source pays for
    it, and `concurrent_reads` is how many of its objects on S3 are read at the same time. `automation` says whether
    sensors and schedules start switched on, `sensor_seconds` how long a sensor waits between two polls, `queue` is the
    URL of the SQS queue that gets the notifications of a source on S3 (empty: the source is listed), and `late_hours`
    how long after its end (UTC) a day that is not loaded counts as late. Alerts go to the log and to `alert_webhook`
    unless that is empty, and link to Dagster's web UI at `page`; the report's asset links to the live report at
    `report_page` (empty: there is none), which `sparkify dev` sets. `dagster_yaml` is the file with Dagster's own
    settings (None: the checkout's). A silence of more than `session_pause_minutes` ends a listening session. What the
    checks named in `expected_warnings` warn of is recorded as everything else, and not held out to anybody.
    """

    home: Path
    source: str
    warehouse: str
    work: str
    first_day: date
    last_day: date | None
    deleted: Deleted
    reject_share: float
    reject_rows: int
    max_drop: float
    region: str
    iam_role: str
    requester_pays: bool
    automation: bool
    sensor_seconds: int
    late_hours: float
    alert_webhook: str
    page: str
    dagster_yaml: Path | None = None
    allowed_values: AllowedValues = "warn"
    concurrent_reads: int = 32
    session_pause_minutes: float = 30.0
    queue: str = ""
    last_expected: date | None = None
    report_page: str = ""
    expected_warnings: frozenset[str] = frozenset()

    @property
    def dagster_home(self) -> Path:
        """The folder of Dagster's own storage."""
        return self.home / "dagster"

    @property
    def at_first(self) -> str:
        """The status in which sensors and schedules start, by its name in Dagster."""
        return "RUNNING" if self.automation else "STOPPED"

    @property
    def warehouse_folder(self) -> Path:
        """The folder of the local Redshift."""
        return self.home / "warehouse"

    @property
    def sample(self) -> Path:
        """The folder of the sample data, which is the source where none is set."""
        return self.home / "sample"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; raises SettingsError for a value that cannot be used."""

        def read(name: str, default: str = "") -> str:
            return environment.get(f"SPARKIFY_{name}", "").strip() or default

        home = Path(read("HOME", ".sparkify")).expanduser().absolute()
        source = read("SOURCE")
        sample_days = {} if source else _sample_days(home / "sample")
        source = _object_url("SOURCE", source or (home / "sample").as_uri())
        queue = _queue_url("QUEUE", read("QUEUE"), source)
        first = read("FIRST_DAY", sample_days.get("first_day", DEFAULT_FIRST_DAY.isoformat()))
        expected = "" if read("LAST_DAY") else sample_days.get("last_day", "")
        last_expected = _day("LAST_DAY", expected) if expected else None
        last = _day("LAST_DAY", read("LAST_DAY")) if read("LAST_DAY") else None
        settings = cls(
            home=home,
            source=source,
            warehouse=_warehouse_url(read("WAREHOUSE", "embedded")),
            work=_object_url("WORK", read("WORK") or _default_work(source, home)),
            first_day=_day("FIRST_DAY", first),
            last_day=last_expected + AFTER_SAMPLE if last_expected else last,
            last_expected=last_expected,
            deleted=_choice("DELETED", read("DELETED", "withdraw"), get_args(Deleted)),
            reject_share=_number("REJECT_SHARE", read("REJECT_SHARE", "0.2"), highest=1.0),
            reject_rows=int(_number("REJECT_ROWS", read("REJECT_ROWS", "10"))),
            max_drop=_number("MAX_DROP", read("MAX_DROP", "0.5"), highest=1.0),
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-west-2",
            iam_role=read("IAM_ROLE", "default"),
            requester_pays=_switch("REQUESTER_PAYS", read("REQUESTER_PAYS", "off")),
            concurrent_reads=_count("CONCURRENT_READS", read("CONCURRENT_READS", "32")),
            automation=_switch("AUTOMATION", read("AUTOMATION", "on")),
            # Listing a bucket costs a request for every thousand objects; a queue costs one, and a folder nothing.
            sensor_seconds=int(
                _number(
                    "SENSOR_SECONDS",
                    read("SENSOR_SECONDS", "30" if source.startswith("s3:") and not queue else "5"),
                )
            ),
            queue=queue,
            late_hours=_number("LATE_HOURS", read("LATE_HOURS", "6")),
            alert_webhook=read("ALERT_WEBHOOK"),
            page=read("PAGE", "http://127.0.0.1:3000").rstrip("/"),
            report_page=read("REPORT_PAGE").rstrip("/"),
            dagster_yaml=_file("DAGSTER_YAML", read("DAGSTER_YAML")),
            session_pause_minutes=_number("SESSION_PAUSE_MINUTES", read("SESSION_PAUSE_MINUTES", "30")),
            expected_warnings=frozenset(re.findall(r"[^\s,]+", read("EXPECTED_WARNINGS"))),
            allowed_values=_choice("ALLOWED_VALUES", read("ALLOWED_VALUES", "warn"), get_args(AllowedValues)),
        )
        if settings.last_day and settings.last_day < settings.first_day:
            raise SettingsError(
                f"SPARKIFY_LAST_DAY {settings.last_day} is before SPARKIFY_FIRST_DAY {settings.first_day}"
            )
        return settings


def no_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that look like settings and are none, each with the setting that was probably meant, or nothing."""
    known = [f"SPARKIFY_{field.name.upper()}" for field in fields(Settings) if field.name != "region"]
    found = [
        name
        for name in sorted(environment)
        if name.startswith("SPARKIFY_")
        and name not in known
        and name.removeprefix("SPARKIFY_") not in _NO_SETTINGS
    ]
    return {name: next(iter(get_close_matches(name, known, 1, cutoff=0.85)), "") for name in found}


def path_of(url: str) -> Path:
    """The local path of a `file://` URL."""
    return Path(unquote(urlsplit(url).path))


def without_password(url: str) -> str:
    """A URL as it can be shown: `…` stands for its password, in front of the host or among the options."""
    shown = re.sub(r"(//[^/?#@:]*:)[^/?#]*@", r"\1…@", url)
    return re.sub(r"([?&]password=)[^&#]*", r"\1…", shown)


def _sample_days(sample: Path) -> dict[str, str]:
    """The first and the last day of the sample by its description; empty where there is no sample yet."""
    try:
        described = json.loads((sample / "sample.json").read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except ValueError as error:
        raise SettingsError(f"{sample / 'sample.json'}: not the description of a sample: {error}") from None
    return {name: str(described[name]) for name in ("first_day", "last_day") if name in described}


def _default_work(source: str, home: Path) -> str:
    """The work area: in the bucket of a source on S3, and otherwise in the state directory."""
    parts = urlsplit(source)
    return f"s3://{parts.netloc}/work" if parts.scheme == "s3" else (home / "work").as_uri()


def _object_url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme == "s3" and parts.netloc:
        return value.rstrip("/")
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return value.rstrip("/")
    if not parts.scheme:
        return Path(value).expanduser().absolute().as_uri()
    raise SettingsError(
        f"SPARKIFY_{name} is {value!r}; it takes a folder, file:///folder or s3://bucket/prefix"
    )


def _queue_url(name: str, value: str, source: str) -> str:
    parts = urlsplit(value)
    if value and not (parts.scheme in ("https", "http") and parts.netloc and parts.path.count("/") == 2):
        raise SettingsError(
            f"SPARKIFY_{name} is {value!r}; it takes the URL of an SQS queue, https://sqs.region.amazonaws.com/account/name"
        )
    if value and not source.startswith("s3:"):
        raise SettingsError(
            f"SPARKIFY_{name} is set, but SPARKIFY_SOURCE is {source}; only S3 notifies a queue"
        )
    return value


def _warehouse_url(value: str) -> str:
    if value == "embedded" or urlsplit(value).scheme in (
        "postgresql",
        "postgres",
        "redshift",
        "redshift-serverless",
    ):
        return value
    raise SettingsError(
        f"SPARKIFY_WAREHOUSE is {value!r}; it takes embedded, postgresql://…, redshift://cluster/database or"
        " redshift-serverless://workgroup/database"
    )


def _file(name: str, value: str) -> Path | None:
    path = Path(value).expanduser().absolute()
    if value and not path.is_file():
        raise SettingsError(f"SPARKIFY_{name} is {value!r}; there is no such file")
    return path if value else None


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise SettingsError(f"SPARKIFY_{name} is {value!r}; it takes a day such as 2018-11-01") from None


def _choice(name: str, value: str, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise SettingsError(f"SPARKIFY_{name} is {value!r}; it takes {' or '.join(choices)}")
    return value


def _switch(name: str, value: str) -> bool:
    return bool(_choice(name, value, ("on", "off")) == "on")


def _count(name: str, value: str) -> int:
    if not (value.isdecimal() and int(value)):
        raise SettingsError(f"SPARKIFY_{name} is {value!r}; it takes a whole number of 1 or more")
    return int(value)


def _number(name: str, value: str, highest: float = 1e6) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= highest:
        takes = f"a number from 0 to {highest:,.7g}"
        raise SettingsError(f"SPARKIFY_{name} is {value!r}; it takes {takes}")
    return number
