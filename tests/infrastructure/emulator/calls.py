"""The record of calls: a line `terraform redshift:CreateCluster` for each, in the file that EMULATOR_CALLS names.

Terraform is known by the agent that it names; everybody else is `other`. Where an SDK sends a call of EC2 again, as
when its answer was lost on a busy machine, it gets that answer, and nothing is made twice.
"""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from moto.core.responses import BaseResponse
from moto.core.routing import ServiceOperationRouter, get_service_router
from moto.s3.responses import S3Response


def install() -> None:
    """Record every call from now on; call it before the server starts."""
    call, authorize = BaseResponse.call_action, S3Response._authenticate_and_authorize_s3_action

    answers: dict[str, Any] = {}
    one_at_a_time: defaultdict[str, Lock] = defaultdict(Lock)

    def call_action(self: BaseResponse) -> Any:
        _record(self, str(self.service_name), self._get_action())
        invocation = self.headers.get("Amz-Sdk-Invocation-Id")
        if self.service_name != "ec2" or not invocation:
            return call(self)
        with one_at_a_time[invocation]:
            answer = answers.get(invocation) or call(self)
            if answer[0] < 400:  # what failed is done again, as AWS does it
                answers[invocation] = answer
            return answer

    def authorize_s3(self: S3Response, *place: Any, **names: Any) -> None:
        """S3 has a dispatcher of its own in moto, that asks this of each call."""
        operation, _ = _s3().match(self.request)
        _record(self, "s3", operation.name)
        authorize(self, *place, **names)

    BaseResponse.call_action = call_action  # type: ignore[method-assign]
    S3Response._authenticate_and_authorize_s3_action = authorize_s3  # type: ignore[method-assign]


@cache
def _s3() -> ServiceOperationRouter:
    return get_service_router("s3")


def _record(response: BaseResponse, service: str, operation: str) -> None:
    if path := os.environ.get("EMULATOR_CALLS"):
        who = "terraform" if "Terraform" in response.headers.get("User-Agent", "") else "other"
        with Path(path).open("a") as file:
            file.write(f"{who} {service}:{operation}\n")
