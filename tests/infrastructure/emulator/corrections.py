"""Answers of moto 5.2.5 that differ from AWS's so that a stack could not be planned, or read, cleanly.

Also here: failing at will (`control`), and answering an action that moto does not know with a client error.
moto itself answers 500, which the provider retries for minutes.
"""

from __future__ import annotations

import inspect
import json
import traceback
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE
from moto.events.models import EventsBackend
from moto.iam.access_control import PermissionResult
from moto.moto_api._internal import mock_random
from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response
from moto.sqs.models import Queue

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
    _announce_delete_markers()
    _keep_attributes_of_queues()
    _know_instance_connect_endpoints()
    _heed_client_tokens()
    _forget_tags_with_what_had_them()
    _call_things_as_describe_tags_does()
    _know_rules_by_their_tags()


def _announce_delete_markers() -> None:
    """S3 announces that a delete marker was made; moto announces the deletion of versions only:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
    """
    mark = S3Backend._set_delete_marker

    def announce(self: S3Backend, bucket_name: str, key_name: str) -> FakeDeleteMarker:
        marker = mark(self, bucket_name, key_name)
        gone = SimpleNamespace(name=key_name, etag="", size=0, version_id=marker.version_id)
        made = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        notifications.send_event(self.account_id, made, self.get_bucket(bucket_name), gone)
        return marker

    S3Backend._set_delete_marker = announce  # type: ignore[method-assign]


def _keep_attributes_of_queues() -> None:
    """SetQueueAttributes changes what it names, and GetQueueAttributes tells who may give up messages to a queue; moto
    forgets the policy at each change, and the other at once. And it writes blanks into the JSON that it was given:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    """
    set_attributes = Queue._set_attributes
    attributes_of = Queue.attributes

    def as_given(self: Any) -> dict[str, Any]:
        told: dict[str, Any] = attributes_of.fget(self)
        if policy := told.get("RedrivePolicy"):
            told["RedrivePolicy"] = json.dumps(json.loads(policy), separators=(",", ":"))
        return told

    Queue.attributes = property(as_given)  # type: ignore[method-assign,assignment]

    def keep(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        policy = getattr(self, "policy", None)
        set_attributes(self, attributes, now)
        self.policy = attributes.get("Policy", policy)

    Queue._set_attributes = keep  # type: ignore[method-assign]
    Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    Queue.redrive_allow_policy = None  # type: ignore[attr-defined]


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


def _know_instance_connect_endpoints() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Ec2InstanceConnectEndpoint.html, which moto lacks."""

    def kept(self: EC2Response) -> dict[str, dict[str, str]]:
        return self.ec2_backend.__dict__.setdefault("instance_connect_endpoints", {})

    def create(self: EC2Response) -> ActionResult:
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        name = f"eice-{mock_random.get_random_hex(17)}"
        made = {"InstanceConnectEndpointId": name, "VpcId": subnet.vpc_id, "SubnetId": subnet.id}
        kept(self)[name] = {**made, "State": "create-complete"}
        return ActionResult({"InstanceConnectEndpoint": kept(self)[name]})

    def describe(self: EC2Response) -> ActionResult:
        vpcs = [vpc for wish in self._get_param("Filters", []) for vpc in wish["Values"]]
        found = [endpoint for endpoint in kept(self).values() if not vpcs or endpoint["VpcId"] in vpcs]
        return ActionResult({"InstanceConnectEndpoints": found})

    def delete(self: EC2Response) -> ActionResult:
        gone = kept(self).pop(self._get_param("InstanceConnectEndpointId"))
        return ActionResult({"InstanceConnectEndpoint": gone})

    EC2Response.create_instance_connect_endpoint = create  # type: ignore[attr-defined]
    EC2Response.describe_instance_connect_endpoints = describe  # type: ignore[attr-defined]
    EC2Response.delete_instance_connect_endpoint = delete  # type: ignore[attr-defined]


def _heed_client_tokens() -> None:
    """A call that comes again with its token makes nothing a second time, as when the provider did not get the answer:
    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """
    create = VPCBackend.create_vpc_endpoint

    def once(self: Any, *args: Any, **kwargs: Any) -> VPCEndPoint:
        token = kwargs.get("client_token")
        made = (endpoint for endpoint in self.vpc_end_points.values() if endpoint.client_token == token)
        return (next(made, None) if token else None) or create(self, *args, **kwargs)

    VPCBackend.create_vpc_endpoint = once  # type: ignore[method-assign]


def _forget_tags_with_what_had_them() -> None:
    """Tags go with their resource; moto keeps those for DescribeTags:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
    """
    for action, parameter in {
        "delete_vpc": "VpcId",
        "delete_subnet": "SubnetId",
        "delete_route_table": "RouteTableId",
        "delete_security_group": "GroupId",
        "delete_internet_gateway": "InternetGatewayId",
        "delete_vpc_endpoints": "VpcEndpointIds",
        "delete_flow_logs": "FlowLogIds",
        "release_address": "AllocationId",
    }.items():
        setattr(EC2Response, action, _with_its_tags(getattr(EC2Response, action), parameter))


def _call_things_as_describe_tags_does() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html; moto has names of its own."""
    EC2_PREFIX_TO_RESOURCE.update({"nat": "natgateway", "fl": "vpc-flow-log", "eipalloc": "elastic-ip"})


def _know_rules_by_their_tags() -> None:
    """The tagging API names rules of EventBridge; moto names buses only:
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
    """
    buses = EventsBackend.iter_tagged_resources

    def with_rules(self: EventsBackend) -> Iterator[TaggedResource]:
        yield from buses(self)
        for rule in (rule for bus in self.event_buses.values() for rule in bus.rules.values()):
            tags = self.tagger.get_tag_dict_for_resource(rule.arn)
            yield TaggedResource(arn=rule.arn, tags=tags, resource_type="events:rule")

    EventsBackend.iter_tagged_resources = with_rules  # type: ignore[method-assign]


def _with_its_tags(delete: Callable[[EC2Response], ActionResult], parameter: str) -> Any:
    def delete_with_tags(self: EC2Response) -> ActionResult:
        answer = delete(self)
        named = self._get_param(parameter) or []
        for name in [named] if isinstance(named, str) else named:
            self.ec2_backend.tags.pop(name, None)
        return answer

    return delete_with_tags
