"""What both kinds of Redshift have in common for whoever connects: an endpoint that is available, and credentials.

Belongs here: the interface that `provisioned` and `serverless` implement, and what they share. Does not: connections
(`redshift`).

No password is written anywhere: AWS's credentials come from boto3's own chain, and the database's are made by the API,
last an hour, and stay in this process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

from sparkify_assets.interruption import pause
from sparkify_assets.warehouse import errors

Log = Callable[[str], None]

#: How many seconds temporary credentials are valid: the maximum of both APIs
#: (https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html,
#: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html).
#: An open session outlives them; only a new session needs new ones.
CREDENTIALS_SECONDS = 3600

#: Credentials that expire sooner than this are renewed before they are used.
CREDENTIALS_MARGIN = timedelta(minutes=5)


class Capacity(NamedTuple):
    """What is paid for: so many nodes of a type, or so many RPUs while queries run."""

    unit: str
    amount: int


class Found(Protocol):
    """A cluster or a workgroup as AWS describes it. `host` is empty while it is being created."""

    @property
    def identifier(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def capacity(self) -> Capacity: ...
    @property
    def weakened(self) -> tuple[str, ...]:
        """What protects it, is switched off, and is seen by no plan of Terraform; each with the command against it."""
        ...

    @property
    def paused(self) -> bool:
        """Whether it is unavailable until somebody resumes it."""
        ...

    @property
    def without_nodes(self) -> bool:
        """Whether it is paused, pausing or resuming."""
        ...

    def pause(self, log: Log) -> str:
        """Pause it and wait; what holds then, in a sentence."""
        ...

    def resume(self, log: Log) -> Found:
        """Resume it and wait until it is available."""
        ...

    def wait_until_available(self, log: Log) -> Found:
        """Wait until it is available. Raises ClusterError when it is gone or takes too long."""
        ...


Known = TypeVar("Known", bound=Found)


def wait_for(
    now: Known | None,
    read: Callable[[], Known | None],
    title: str,
    wanted: str,
    reached: Callable[[Known], bool],
    log: Log,
    *,
    seconds: float,
    poll_seconds: float,
) -> Known:
    """What is at `now`, read again until it is as `reached` says, which is `wanted` in words.

    Raises ClusterError when it is gone, or after `seconds`. boto3's waiters know few states, keep waiting for what is
    gone, and report no progress.
    """
    until = time.monotonic() + seconds
    while True:
        if now is None:
            raise errors.ClusterError(f"{title} is gone")
        if reached(now):
            return now
        if time.monotonic() > until:
            raise errors.ClusterError(f"{title} is still {now.status} after {seconds:.0f} s, not {wanted}")
        log(f"{title[0].upper()}{title[1:]} is {now.status}; waiting for {wanted}.")
        pause(poll_seconds)
        now = read()


class Service(Protocol):
    """One warehouse on AWS. The errors of its methods are ClusterErrors and, of AWS's API, boto3's own."""

    #: Whether the views stl_… and stv_… can be queried.
    has_stl_views: bool

    @property
    def title(self) -> str:
        """Its kind and name, for messages."""
        ...

    def described(self) -> Found:
        """The warehouse as it is now, whether or not it accepts connections."""
        ...

    def available(self) -> Found:
        """The warehouse, once it accepts connections."""
        ...

    def credentials(self) -> Credentials:
        """New credentials for a session."""
        ...

    def reader(self) -> Credentials:
        """New credentials for the session of somebody who only reads."""
        ...

    def loader(self) -> str:
        """The database user that owns and loads the tables."""
        ...


@dataclass(frozen=True)
class Credentials:
    """A database user with a password that expires. Their text never holds the password."""

    user: str
    password: str = field(repr=False)
    until: datetime

    @property
    def fresh(self) -> bool:
        """Whether they are valid long enough to open another session."""
        return lasts(self.until)


def lasts(until: datetime) -> bool:
    """Whether what ends then is still good to begin something with."""
    return datetime.now(UTC) + CREDENTIALS_MARGIN < until


def administrator(title: str, secret_arn: str, region: str | None) -> Credentials:
    """The administrator's credentials, from the secret that Redshift manages. Raises ClusterError without one."""
    import boto3  # here, because it takes a quarter of a second that only Redshift needs

    if not secret_arn:
        raise errors.ClusterError(f"{title} has no managed secret: login=secret needs one")
    manager = boto3.client("secretsmanager", region_name=region)
    secret = json.loads(manager.get_secret_value(SecretId=secret_arn)["SecretString"])
    # The secret may be rotated, so it is read again after a while.
    until = datetime.now(UTC) + timedelta(seconds=CREDENTIALS_SECONDS)
    return Credentials(secret["username"], secret["password"], until)


@contextmanager
def failing_plainly(title: str, region: str | None) -> Iterator[None]:
    """Turn an error of AWS's API into a ClusterError of one line."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        where = title + (f" in {region}" if region else "")
        raise errors.ClusterError(f"{where}: AWS: {errors.line(error)}", transient=True) from None
