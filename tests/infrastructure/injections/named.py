"""What no plan shows, or no apply takes away: a look at AWS finds it, and names the command that does."""

from __future__ import annotations

from dataclasses import replace

from tests.infrastructure.harness import REGION
from tests.infrastructure.injections.account import ELSEWHERE, STRANGER, Account
from tests.infrastructure.injections.healed import set_parameter
from tests.infrastructure.injections.kinds import EVERYBODY, Injection, let_out, policy


def _gateway(on: Account) -> str:
    ec2 = on.client("ec2")
    gateway = str(ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"])
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=on.vpc)
    return gateway


def _route_to_the_internet(on: Account) -> None:
    on.client("ec2").create_route(
        RouteTableId=on.route_table(), DestinationCidrBlock="0.0.0.0/0", GatewayId=_gateway(on)
    )


def _nat(on: Account) -> None:
    ec2 = on.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=on.subnet(), AllocationId=address)


def _peering(on: Account) -> None:
    ec2 = on.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    asked = ec2.create_vpc_peering_connection(VpcId=on.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    name = asked["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=name)
    ec2.create_route(
        RouteTableId=on.route_table(), DestinationCidrBlock="10.99.0.0/16", VpcPeeringConnectionId=name
    )


def _vpn(on: Account) -> None:
    ec2 = on.client("ec2")
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=on.vpc)


def _transit(on: Account) -> None:
    ec2 = on.client("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=on.vpc, SubnetIds=[on.subnet()])


def _endpoint(on: Account) -> None:
    on.client("ec2").create_vpc_endpoint(
        VpcId=on.vpc,
        ServiceName=f"com.amazonaws.{REGION}.dynamodb",
        VpcEndpointType="Gateway",
        RouteTableIds=[on.route_table()],
        PolicyDocument=policy(Principal="*", Action="dynamodb:*", Resource="*"),
    )


def _main_table(on: Account) -> None:
    """A route in the table that the VPC came with, and that no stack declares."""
    ec2 = on.client("ec2")
    main = [*on.in_vpc, {"Name": "association.main", "Values": ["true"]}]
    [table] = ec2.describe_route_tables(Filters=main)["RouteTables"]
    ec2.create_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock="172.31.0.0/16", GatewayId=_gateway(on)
    )


def _share_a_snapshot(on: Account) -> None:
    redshift = on.client("redshift")
    redshift.create_cluster_snapshot(SnapshotIdentifier="by-hand", ClusterIdentifier=on.name)
    redshift.authorize_snapshot_access(
        SnapshotIdentifier="by-hand", SnapshotClusterIdentifier=on.name, AccountWithRestoreAccess=STRANGER
    )


def _share_data(on: Account) -> None:
    on.client("redshift").authorize_data_share(
        DataShareArn=on.namespace.replace(":namespace:", ":datashare:") + "/plays",
        ConsumerIdentifier=STRANGER,
    )


def _copies(on: Account) -> None:
    """Copies are encrypted by a key of the region where they go, whose grant is there too. The grant of our own key is
    for copies that come here (https://docs.aws.amazon.com/redshift/latest/APIReference/API_EnableSnapshotCopy.html).
    """
    key = on.client("kms", ELSEWHERE).create_key()["KeyMetadata"]["Arn"]
    for region, encrypting in ((REGION, on.cluster["KmsKeyId"]), (ELSEWHERE, key)):
        on.client("redshift", region).create_snapshot_copy_grant(
            SnapshotCopyGrantName="by-hand", KmsKeyId=encrypting
        )
    on.client("redshift").enable_snapshot_copy(
        ClusterIdentifier=on.name, DestinationRegion=ELSEWHERE, SnapshotCopyGrantName="by-hand"
    )


def _open_acl(on: Account) -> None:
    """On AWS the object ownership has to let ACLs count first."""
    on.client("s3").put_bucket_acl(Bucket=on.bucket, ACL="public-read")


def _replicate(on: Account) -> None:
    on.client("s3").put_bucket_replication(
        Bucket=on.bucket,
        ReplicationConfiguration={
            "Role": f"arn:aws:iam::123456789012:role/{on.role}",
            "Rules": [
                {
                    "ID": "all",
                    "Status": "Enabled",
                    "Prefix": "",
                    "Destination": {"Bucket": "arn:aws:s3:::elsewhere", "Account": STRANGER},
                }
            ],
        },
    )


def _resize_by_night(on: Account) -> None:
    on.client("redshift").create_scheduled_action(
        ScheduledActionName="grow",
        Schedule="cron(0 1 * * ? *)",
        IamRole=f"arn:aws:iam::123456789012:role/{on.name}-pause-schedule",
        TargetAction={"ResizeCluster": {"ClusterIdentifier": on.name, "NumberOfNodes": 8}},
    )


def _subscribe(on: Account) -> None:
    on.client("kinesis").create_stream(StreamName="copy", ShardCount=1)
    on.client("logs").put_subscription_filter(
        logGroupName=f"/aws/redshift/cluster/{on.name}/useractivitylog",
        filterName="copy",
        filterPattern="",
        destinationArn=f"arn:aws:kinesis:{REGION}:123456789012:stream/copy",
    )


_NAMED = (
    Injection("a route to the internet", _route_to_the_internet,
              "its subnets and 0.0.0.0/0 reach each other through gateway igw-"),
    Injection("an internet gateway", _gateway, "is a route away from the internet (internet gateway igw-"),
    Injection("a route in the main table", _main_table, "its subnets and 172.31.0.0/16 reach each other"),
    Injection("a NAT gateway", _nat, "the VPC is a route away from the internet (NAT gateway nat-"),
    Injection("a peering connection and its route", _peering, "the VPC is connected with VPC vpc-"),
    Injection("a VPN gateway", _vpn, "(VPN gateway vgw-"),
    Injection("a transit gateway", _transit, "the networks behind transit gateway tgw-"),
    Injection("an endpoint to another service", _endpoint,
              f"the VPC can reach com.amazonaws.{REGION}.dynamodb: everybody may dynamodb:* on *"),
    Injection("a tunnel for whoever is in IAM",
              lambda on: on.client("ec2").create_instance_connect_endpoint(SubnetId=on.subnet()),
              "whoever may call ec2-instance-connect:OpenTunnel gets a connection into the VPC"),
    Injection("a way out of the clients", let_out("{}-clients", port=443, **EVERYBODY),
              "what carries the group can send to the whole internet (0.0.0.0/0), tcp port 443"),
    Injection("a second range of the VPC",
              lambda on: on.client("ec2").associate_vpc_cidr_block(VpcId=on.vpc, CidrBlock="10.98.0.0/16"),
              "10.98.0.0/16 is part of it", exposes=False),
    Injection("a further subnet",
              lambda on: on.client("ec2").create_subnet(VpcId=on.vpc, CidrBlock="10.20.240.0/24"),
              "is in it", exposes=False),
    Injection("a snapshot shared with another account", _share_a_snapshot, f"account {STRANGER} may restore it"),
    Injection("a datashare for another account", _share_data, f"account {STRANGER} may read it"),
    Injection("an endpoint of the cluster",
              lambda on: on.client("redshift").create_endpoint_access(
                  ClusterIdentifier=on.name, EndpointName="side-door", SubnetGroupName=on.name),
              "can reach the cluster (endpoint side-door)"),
    Injection("an endpoint granted to another account",
              lambda on: on.client("redshift").authorize_endpoint_access(ClusterIdentifier=on.name, Account=STRANGER),
              f"account {STRANGER} may reach it by an endpoint of its own"),
    Injection("a resource policy of the namespace",
              lambda on: on.client("redshift").put_resource_policy(
                  ResourceArn=on.namespace,
                  Policy=policy(Principal={"AWS": STRANGER}, Action="redshift:CreateInboundIntegration")),
              f"account {STRANGER} may redshift:CreateInboundIntegration"),
    Injection("snapshots copied to another region", _copies, f"its snapshots are copied to {ELSEWHERE}", exposes=False),
    Injection("a parameter that nobody set", set_parameter("statement_timeout", "1000"),
              "statement_timeout is 1000", exposes=False),
    Injection("a scheduled resize", _resize_by_night, "ResizeCluster of the cluster", exposes=False),
    Injection("a grant of the key",
              lambda on: on.client("kms").create_grant(
                  KeyId=on.key, GranteePrincipal=f"arn:aws:iam::{STRANGER}:role/theirs", Operations=["Decrypt"]),
              f"arn:aws:iam::{STRANGER}:role/theirs may Decrypt with it by a grant"),
    Injection("an ACL for everybody", _open_acl, "everybody has READ by its ACL"),
    Injection("replication to another account", _replicate,
              f"its objects are copied to arn:aws:s3:::elsewhere of account {STRANGER}"),
    Injection("a website",
              lambda on: on.client("s3").put_bucket_website(
                  Bucket=on.bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}),
              "its objects are served as a website"),
    Injection("other sites' scripts",
              lambda on: on.client("s3").put_bucket_cors(
                  Bucket=on.bucket,
                  CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}),
              "scripts of * may use it", exposes=False),
    Injection("a policy of the administrator's secret",
              lambda on: on.client("secretsmanager").put_resource_policy(
                  SecretId=on.cluster["MasterPasswordSecretArn"],
                  ResourcePolicy=policy(
                      Principal={"AWS": f"arn:aws:iam::{STRANGER}:root"},
                      Action="secretsmanager:GetSecretValue", Resource="*")),
              f"account {STRANGER} may secretsmanager:GetSecretValue on *"),
    Injection("a subscription of the audit log", _subscribe,
              f"its lines are sent to arn:aws:kinesis:{REGION}:123456789012:stream/copy", exposes=False),
)  # fmt: skip

NAMED = tuple(replace(injection, heals=False) for injection in _NAMED)
