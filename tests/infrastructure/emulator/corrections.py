"""Answers of moto 5.2.5 that differ from AWS's so that a stack could not be planned, or read, cleanly.

Also here: failing at will (`control`), and answering an action that moto does not know with a client error.
moto itself answers 500, which the provider retries for minutes.
"""

from __future__ import annotations

import inspect
import json
import traceback
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response

from . import control


def install() -> None:
    """Puts the corrections in place; call it before the server starts."""
    _fail_at_will_and_fast()
    _fail_at_will_in_s3()
    _deny_with_403()
    _let_requesters_pay()
    _keep_descriptions_of_rules()
    _give_instances_the_groups_of_their_interface()
    _heed_the_tls_condition()
    _let_delete_markers_go()


def _let_delete_markers_go() -> None:
    """moto frees the content of each version that is deleted, and forgets that a delete marker has none."""
    FakeDeleteMarker.dispose = lambda *_: None  # type: ignore[attr-defined]


def _fail_at_will_and_fast() -> None:
    call = BaseResponse.call_action

    def call_action(self: BaseResponse) -> Any:
        action = self._get_action()
        if fault := control.current().faults.get(f"{self.service_name}.{action}"):
            return _failure(self, control.Refusal(*fault))
        try:
            return call(self)
        except Exception as error:  # noqa: BLE001 (the same holds for moto's own defects)
            traceback.print_exc()
            return _failure(self, control.Refusal("InvalidAction", f"The emulator cannot do this: {error!r}"))

    BaseResponse.call_action = call_action  # type: ignore[method-assign]


def _failure(response: BaseResponse, error: control.Refusal) -> Any:
    status, headers, body = response.serialized(ActionResult(error))
    headers["status"] = str(status)
    return status, headers, body


def _fail_at_will_in_s3() -> None:
    """S3 has a dispatcher of its own in moto; an action is a method of the action's name there."""

    def failing(action: str, method: Callable[[S3Response], Any]) -> Callable[[S3Response], Any]:
        def call(self: S3Response) -> Any:
            names = [f"s3.{action}"] if "Range" in self.headers else [f"s3.{action}", f"s3.Whole{action}"]
            for name in names:
                if fault := control.current().faults.get(name):
                    raise S3ClientError(*fault)
            return method(self)

        return call

    for action in ("PutObject", "GetObject", "DeleteObject"):
        name = f"{action.removesuffix('Object').lower()}_object"
        setattr(S3Response, name, failing(action, getattr(S3Response, name)))


def _deny_with_403() -> None:
    """moto answers 400 where access is denied, for the model of S3 has no such error."""
    serialize = S3Response.serialized

    def serialized(self: S3Response, result: ActionResult) -> Any:
        status, headers, body = serialize(self, result)
        denied = getattr(result.result, "code", None) == "AccessDenied"
        return 403 if denied else status, headers, body

    S3Response.serialized = serialized  # type: ignore[method-assign]


def _let_requesters_pay() -> None:
    """A bucket whose requesters pay denies those who do not say that they do:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html
    """
    authorize = S3Response._authenticate_and_authorize_s3_action

    def charge(self: S3Response, bucket_name: str | None = None, key_name: str | None = None) -> None:
        pays = self.headers.get("x-amz-request-payer") == "requester"
        if bucket_name in control.current().requester_pays and not pays:
            raise S3ClientError("AccessDenied", "Access Denied")
        authorize(self, bucket_name, key_name)

    S3Response._authenticate_and_authorize_s3_action = charge  # type: ignore[method-assign]


def _keep_descriptions_of_rules() -> None:
    """DescribeSecurityGroupRules returns every rule's description; moto keeps those of address ranges only."""
    init = SecurityGroupRule.__init__
    of_range = SecurityGroupRule.description
    signature = inspect.signature(init)

    def keep(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        given = signature.bind(self, *args, **kwargs).arguments
        sources = (given.get("source_group") or {}, given.get("prefix_list_id") or {})
        self.other_description = next((s["Description"] for s in sources if s.get("Description")), None)

    SecurityGroupRule.__init__ = keep  # type: ignore[method-assign]
    SecurityGroupRule.description = property(  # type: ignore[method-assign,assignment]
        lambda self: of_range.fget(self) or self.other_description
    )


def _give_instances_the_groups_of_their_interface() -> None:
    """DescribeInstances tells an instance's groups also where they came with its network interface."""
    init = Instance.__init__

    def keep(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if not self.security_groups and 0 in self.nics:
            self.security_groups = self.nics[0].group_set

    Instance.__init__ = keep  # type: ignore[method-assign]


def _heed_the_tls_condition() -> None:
    """moto ignores conditions, so that a bucket policy which denies what is not TLS would deny everything."""
    permission = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return permission(self, action, resource)
        kept = self.policy
        policy = json.loads(kept)
        policy["Statement"] = [
            s for s in policy["Statement"] if "aws:SecureTransport" not in str(s.get("Condition"))
        ]
        if not policy["Statement"]:
            return PermissionResult.NEUTRAL
        self.policy = json.dumps(policy).encode()
        try:
            return permission(self, action, resource)
        finally:
            self.policy = kept

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
