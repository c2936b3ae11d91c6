"""Files land, and nobody does anything: the daemon's sensors see them, runs start, the tables are right.

Right is what a fresh load of the same source makes of it, in a database of its own.
"""

from __future__ import annotations

import logging
import shutil
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import boto3
import psycopg2
import pytest
from moto.server import ThreadedMotoServer

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import Warehouse
from tests.automation.announcing import ENVIRONMENT, Announcing
from tests.conftest import load_all, loader_for
from tests.dev import BIN, ROOT, Dev, gone, locked, running
from tests.page import REPOSITORY, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(1200)]

#: How long a change may take to arrive, on a machine that does much else, in seconds.
PATIENCE = 300

SENSORS = """
query Sensors($repository: RepositorySelector!) {
  sensorsOrError(repositorySelector: $repository) {
    ... on Sensors { results { name sensorState { id selectorId status } } }
  }
}
"""
START = """
mutation Start($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on Sensor { sensorState { id selectorId status } } }
}
"""
STOP = """
mutation Stop($id: String!) { stopSensor(id: $id) { __typename } }
"""
RUNS = """
query Runs { runsOrError(limit: 100) { ... on Runs { results { id status jobName tags { key value } } } } }
"""


class Landing(Protocol):
    """Where files land: a folder, or a bucket of an S3 server on loopback, which may tell a queue."""

    url: str
    environment: dict[str, str]

    def put(self, key: str, content: bytes) -> None: ...

    def delete(self, key: str) -> None: ...


class Folder:
    def __init__(self, root: Path) -> None:
        self.root, self.url = root, root.as_uri()
        self.environment: dict[str, str] = {}
        root.mkdir()

    def put(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def delete(self, key: str) -> None:
        (self.root / key).unlink()


class Bucket:
    def __init__(self, address: str) -> None:
        self.name = f"landing-{uuid.uuid4().hex[:8]}"  # servers of one process share what they hold
        self.url = f"s3://{self.name}/raw"
        self.environment = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "emulated",
            "AWS_SECRET_ACCESS_KEY": "emulated",
            "AWS_REGION": "us-west-2",
            "AWS_DEFAULT_REGION": "us-west-2",
            "SPARKIFY_SENSOR_SECONDS": "3",
        }
        self.client = boto3.client(
            "s3", endpoint_url=address, region_name="us-west-2",
            aws_access_key_id="emulated", aws_secret_access_key="emulated",
        )  # fmt: skip
        self.client.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=f"raw/{key}", Body=content)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=f"raw/{key}")


class AnnouncedBucket:
    """A bucket that tells a queue what comes and goes."""

    def __init__(self, address: str) -> None:
        self.place = Announcing(address)
        self.place.notify()
        self.url, self.put, self.delete = self.place.source, self.place.put, self.place.delete
        self.environment = {
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": address,
            "SPARKIFY_QUEUE": self.place.url,
            "SPARKIFY_SENSOR_SECONDS": "3",
        }


@pytest.fixture(params=["file", "s3", pytest.param("queue", marks=pytest.mark.soak)])
def landing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Landing]:
    if request.param == "file":
        yield Folder(tmp_path / "landing")
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request buries all else
    yield (Bucket if request.param == "s3" else AnnouncedBucket)(f"http://127.0.0.1:{port}")
    server.stop()


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Thirty days and two thousand songs, by key."""
    folder = tmp_path_factory.mktemp("month")
    write_sample(folder, events=3000, songs=2000, days=30, seed=5)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for name in ("song_data", "log_data")
        for path in sorted((folder / name).rglob("*.json"))
    }


@pytest.fixture
def fresh(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Landing], str]:
    """D of a fresh load of whatever lies in a landing zone now."""

    def load(landing: Landing) -> str:
        for name, value in landing.environment.items():
            monkeypatch.setenv(name, value)
        loader = loader_for(warehouse, tmp_path, tmp_path / "fresh")
        loader.source = open_store(landing.url)
        warehouse.drop_tables()
        load_all(loader)
        return digest(warehouse).value

    return load


def arrived(dev: Dev, wanted: str) -> None:
    """Wait until the warehouse holds what it should, and nobody does anything any more."""

    def there() -> bool | None:
        try:
            return digest(dev.warehouse).value == wanted or None
        except psycopg2.errors.UndefinedTable:
            return None

    until(there, PATIENCE, "what landed did not arrive")


def runs(dev: Dev) -> list[dict[str, Any]]:
    return list(dev.page.ask(RUNS)["runsOrError"]["results"])


def sensor(dev: Dev, name: str) -> dict[str, Any]:
    found = dev.page.ask(SENSORS, repository=REPOSITORY)
    return next(item["sensorState"] for item in found["sensorsOrError"]["results"] if item["name"] == name)


def test_what_lands_is_loaded_without_a_hand(
    landing: Landing, month: dict[str, bytes], fresh: Callable[[Landing], str], tmp_path: Path
) -> None:
    events = [key for key in month if key.startswith("log_data")]
    first, second = events[:2]
    landing.put(first, month[first])
    home = tmp_path / "home"
    home.mkdir()
    with running(landing.url, home, **landing.environment) as dev:
        arrived(dev, fresh(landing))

        if isinstance(landing, Folder):  # A to B to A: the last word is the source's
            landing.put(first, month[first] + month[first].splitlines()[0].replace(b'"free"', b'"paid"'))
            arrived(dev, fresh(landing))
            landing.put(first, month[first])
            arrived(dev, fresh(landing))

        before = {run["id"] for run in runs(dev)}
        for number, (key, content) in enumerate(month.items()):
            if isinstance(landing, Folder) or key in events or number % 8 == 0:
                landing.put(key, content)
        arrived(dev, fresh(landing))
        started = [run for run in runs(dev) if run["id"] not in before and "on_arrival" in run["jobName"]]
        assert len(started) <= 4, started

        landing.delete(second)
        arrived(dev, fresh(landing))
        until(
            lambda: {run["status"] for run in runs(dev)} == {"SUCCESS"} or None,
            180,
            "a run has not succeeded",
        )
        if isinstance(landing, AnnouncedBucket):
            until(lambda: not landing.place.messages or None, PATIENCE, "a message is left")
            assert not landing.place.dead_letters
            assert any(run["jobName"] == "songs_on_arrival" for run in started)


def test_a_sensor_that_is_switched_off_waits_and_then_misses_nothing(
    month: dict[str, bytes], fresh: Callable[[Landing], str], tmp_path: Path
) -> None:
    """Also with the daemon killed in the middle, and Dagster's home lost."""
    landing = Folder(tmp_path / "landing")
    events = [key for key in month if key.startswith("log_data")]
    home = tmp_path / "home"
    home.mkdir()
    with running(landing.url, home) as dev:
        until(lambda: sensor(dev, "events_arrivals")["status"] == "RUNNING" or None, 60, "the sensor is off")
        dev.page.ask(STOP, id=sensor(dev, "events_arrivals")["id"])
        assert sensor(dev, "events_arrivals")["status"] == "STOPPED"
        for key in events[:3]:
            landing.put(key, month[key])
        songs = [key for key in month if key.startswith("song_data")][:50]
        for key in songs:
            landing.put(key, month[key])
        until(
            lambda: any(run["jobName"] == "songs_on_arrival" for run in runs(dev)) or None,
            PATIENCE,
            "no songs",
        )
        assert not any(run["jobName"] == "events_on_arrival" for run in runs(dev))
        dev.page.ask(START, selector={**REPOSITORY, "sensorName": "events_arrivals"})
        arrived(dev, fresh(landing))

        for key in events[3:]:
            landing.put(key, month[key])
        until(
            lambda: len([r for r in runs(dev) if r["jobName"] == "events_on_arrival"]) > 1 or None,
            PATIENCE,
            "none",
        )
        dev.kill()
    with running(landing.url, home) as dev:
        arrived(dev, fresh(landing))
        landing.delete(events[5])
        dev.kill()
    shutil.rmtree(home / "dagster")
    shutil.rmtree(home / "arrivals")
    landing.delete(events[6])
    with running(landing.url, home) as dev:
        arrived(dev, fresh(landing))


@pytest.mark.parametrize("killed", [False, True], ids=["", "and sparkify dev was killed"])
def test_a_page_that_is_stopped_in_the_middle_of_a_load_leaves_no_process(
    month: dict[str, bytes], fresh: Callable[[Landing], str], tmp_path: Path, killed: bool
) -> None:
    landing = Folder(tmp_path / "landing")
    first, second = [key for key in month if key.startswith("log_data")][:2]
    landing.put(first, month[first])
    home = tmp_path / "home"
    home.mkdir()
    with running(landing.url, home) as dev:
        arrived(dev, fresh(landing))
        landing.put(second, month[second])
        with locked(dev.warehouse) as waits:
            until(lambda: waits() or None, PATIENCE, "no run came to the lock")
            if killed:
                dev.process.kill()
                dev.process.wait()
            said = dev.sparkify("stop").stdout
        assert said == "The UI is stopped.\nThe warehouse is stopped.\n"
        assert dev.process.wait(60) == (-signal.SIGKILL if killed else 0)
        until(lambda: gone(dev.group) or None, 60, "a process of the page is left")
        assert dev.sparkify("stop").stdout == "The warehouse was not running.\n"


def test_two_daemons_by_mistake_load_nothing_twice(
    month: dict[str, bytes], fresh: Callable[[Landing], str], tmp_path: Path
) -> None:
    landing = Folder(tmp_path / "landing")
    home = tmp_path / "home"
    home.mkdir()
    with running(landing.url, home) as dev:
        second = subprocess.Popen(
            [BIN / "dagster-daemon", "run", "-w", str(ROOT / "workspace.yaml")],
            env={**dev.environment, "DAGSTER_HOME": str(home / "dagster")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for key, content in month.items():
                landing.put(key, content)
            arrived(dev, fresh(landing))
        finally:
            second.terminate()
            second.wait(60)
        # The terminal is closed; the context sees that nothing is left.
        dev.process.send_signal(signal.SIGHUP)
        assert dev.process.wait(120) == 0
