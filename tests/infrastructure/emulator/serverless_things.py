"""What an account has of Redshift Serverless: namespaces, workgroups, endpoints and usage limits, with their statuses.

What is made, changed or deleted takes some polls. Does not belong here: the actions of the API (`serverless`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.moto_api._internal import mock_random

from . import control

SERVICE = "redshift-serverless"

#: How often somebody asks until a thing is made, changed or gone.
POLLS = 2

#: The parameters of a workgroup for which no value was given, as AWS answers them:
#: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_ConfigParameter.html.
#: The last one came with patch 205, and the provider does not know it (its issue 49939).
DEFAULT_PARAMETERS = {
    "auto_mv": "true",
    "datestyle": "ISO, MDY",
    "enable_case_sensitive_identifier": "false",
    "enable_user_activity_logging": "true",
    "query_group": "default",
    "require_ssl": "true",
    "search_path": "$user, public",
    "use_fips_ssl": "false",
    "max_query_execution_time": "14400",
    "enable_large_strings_opt_in": "false",
}


def refused(code: str, message: str) -> control.Refusal:
    """An error of the API."""
    return control.Refusal(f"{code}Exception", message)


@dataclass
class Thing:
    """A namespace, workgroup, endpoint or usage limit: `fields` in the API's shape, and a status that passes."""

    kind: str
    fields: dict[str, Any]
    arn: str
    tags: dict[str, str] = field(default_factory=dict)
    passing: str = ""
    polls: int = 0
    begun_at: float = field(default_factory=time.monotonic)

    def begin(self, status: str) -> None:
        """Be in `status` for some polls."""
        self.passing, self.polls = status, POLLS

    @property
    def busy(self) -> bool:
        creating = (
            self.passing == "CREATING" and time.monotonic() < self.begun_at + control.current().create_seconds
        )
        return self.polls > 0 or creating

    def shape(self) -> dict[str, Any]:
        """The thing as the API answers it; asking brings a change nearer to its end."""
        shown = dict(self.fields)
        if self.kind == "endpoint":
            shown["endpointStatus"] = self.passing if self.busy else "ACTIVE"
        elif self.kind != "usagelimit":
            shown["status"] = self.passing if self.busy else "AVAILABLE"
        if self.kind == "workgroup" and shown["status"] != "CREATING":
            host = control.current().redshift_host
            shown["endpoint"] = {**shown["endpoint"], **({"address": host} if host else {})}
        elif self.kind == "workgroup":
            del shown["endpoint"]
        self.polls = max(self.polls - 1, 0)
        return shown


class Backend(BaseBackend, TaggableResourcesMixin):
    """What an account has in a region, by name."""

    SERVICE_NAMESPACE = SERVICE

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.things: dict[str, dict[str, Thing]] = {
            "namespace": {},
            "workgroup": {},
            "endpoint": {},
            "usagelimit": {},
        }

    @property
    def _url_module(self) -> Any:
        """moto looks for the routes beside the class's own module."""
        return sys.modules[f"{__package__}.serverless"]

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for kind, found in self.things.items():
            for thing in found.values():
                yield TaggedResource(arn=thing.arn, tags=thing.tags, resource_type=f"{SERVICE}:{kind}")

    def add(self, kind: str, name: str, fields: dict[str, Any], tags: list[dict[str, str]]) -> Thing:
        identifier = str(mock_random.uuid4())
        arn = f"arn:aws:{SERVICE}:{self.region_name}:{self.account_id}:{kind}/{identifier}"
        prefix = "usageLimit" if kind == "usagelimit" else kind
        fields |= (
            {f"{prefix}Arn": arn} if kind == "endpoint" else {f"{prefix}Id": identifier, f"{prefix}Arn": arn}
        )
        thing = Thing(kind, fields, arn, {tag["key"]: tag["value"] for tag in tags})
        self.things[kind][name or identifier] = thing
        return thing

    def find(self, kind: str, name: str) -> Thing:
        """A thing by its name. One that was deleted goes when its polls are over."""
        thing = self.things[kind].get(name)
        if thing and thing.passing == "DELETING" and not thing.busy:
            del self.things[kind][name]
            thing = None
        if thing is None:
            raise refused("ResourceNotFound", f"The {kind} {name} does not exist.")
        return thing

    def by_arn(self, arn: str) -> Thing:
        for found in self.things.values():
            for thing in found.values():
                if thing.arn == arn:
                    return thing
        raise refused("ResourceNotFound", f"The resource {arn} does not exist.")
