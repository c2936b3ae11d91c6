"""Where moto was corrected in what no stack shows by itself: AWS's pages are the source."""

from __future__ import annotations

from tests.infrastructure.harness import REGION, Emulator


def test_an_endpoint_asked_for_twice_with_one_token_is_one(emulator: Emulator) -> None:
    """https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html"""
    ec2 = emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    asked = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.s3"}
    made = [
        ec2.create_vpc_endpoint(**asked, **token)["VpcEndpoint"]["VpcEndpointId"]
        for token in ({"ClientToken": "one"}, {"ClientToken": "one"}, {"ClientToken": "two"}, {}, {})
    ]
    assert made[0] == made[1]
    assert len(set(made)) == 4


def test_tags_go_with_what_had_them(emulator: Emulator) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html"""
    ec2 = emulator.client("ec2")

    def tagged(kind: str) -> list[dict[str, object]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": "passing"}]}]

    vpc = ec2.create_vpc(CidrBlock="10.21.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Gateway",
        TagSpecifications=tagged("vpc-endpoint"),
    )["VpcEndpoint"]["VpcEndpointId"]
    named = [{"Name": "value", "Values": ["passing"]}]
    assert {tag["ResourceId"] for tag in ec2.describe_tags(Filters=named)["Tags"]} == {vpc, endpoint}
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_tags(Filters=named)["Tags"] == []
