"""Ways into and out of the VPC that no stack declares. Terraform reads only the routes, gateways, endpoints and rules
that it made itself, each by its own id, so that it cannot see one more.

The calls: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/. Not reported is what AWS makes by itself: the local
route, the routes of a gateway endpoint, endpoints that a service requested.

Belongs here: what surrounds the VPC. Does not: what the plan sees (`exposures`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.grants import Rule, allowed, let_in, let_out
from sparkify_assets.infra.looks.surroundings import Surroundings

#: What a route's target is, by the field that names it.
_TARGETS = {
    "NatGatewayId": "NAT gateway",
    "VpcPeeringConnectionId": "peering connection",
    "TransitGatewayId": "transit gateway",
    "EgressOnlyInternetGatewayId": "egress-only internet gateway",
    "LocalGatewayId": "local gateway",
    "CarrierGatewayId": "carrier gateway",
    "CoreNetworkArn": "core network",
    "InstanceId": "instance",
    "NetworkInterfaceId": "network interface",
    "GatewayId": "gateway",
}

#: The states of what is there, or about to be: of NAT gateways, peerings, attachments, associations and endpoints.
_THERE = {
    "pending", "available", "active", "provisioning", "pending-acceptance", "pendingAcceptance", "initiating",
    "modifying", "associated", "associating", "attached", "attaching", "create-in-progress", "create-complete",
}  # fmt: skip


def routes(look: Surroundings) -> Iterator[Finding]:
    """Routes that no stack declares, in any route table of the VPC."""
    declared = {
        (route["route_table_id"], route.get(name))
        for route in look.declared.all("aws_route")
        for name in ("destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id")
    }
    pages = look.client("ec2").get_paginator("describe_route_tables")
    for table in pages.paginate(Filters=_of_vpc(look)).search("RouteTables[]"):
        for route in table["Routes"]:
            option, destination = _destination(route)
            of_aws = str(route.get("GatewayId", "")).startswith(("local", "vpce-"))
            if not of_aws and (table["RouteTableId"], destination) not in declared:
                yield _route(look, table["RouteTableId"], option, destination, route)


def _destination(route: dict[str, Any]) -> tuple[str, str]:
    for field, option in (
        ("DestinationCidrBlock", "destination_cidr_block"),
        ("DestinationIpv6CidrBlock", "destination_ipv6_cidr_block"),
        ("DestinationPrefixListId", "destination_prefix_list_id"),
    ):
        if field in route:
            return option, route[field]
    return "destination_cidr_block", "?"


def _route(look: Surroundings, table: str, option: str, destination: str, route: dict[str, Any]) -> Finding:
    kind, target = next(
        ((kind, route[name]) for name, kind in _TARGETS.items() if route.get(name)), ("?", "?")
    )
    where = f"route table {table}"
    what = f"its subnets and {destination} reach each other through {kind} {target}"
    if kind in ("NAT gateway", "egress-only internet gateway"):
        what = f"its subnets can reach {destination} through {kind} {target}"
    if route.get("Origin") == "EnableVgwRoutePropagation":
        operation = "ec2 disable-vgw-route-propagation"
        return look.finding("exposed", where, what, operation, route_table_id=table, gateway_id=target)
    return look.finding(
        "exposed", where, what, "ec2 delete-route", route_table_id=table, **{option: destination}
    )


def gateways(look: Surroundings) -> Iterator[Finding]:
    """Gateways to the internet that are attached to the VPC."""
    ec2 = look.client("ec2")
    declared = look.declared.every("id", "aws_internet_gateway", "aws_egress_only_internet_gateway")
    pages = ec2.get_paginator("describe_internet_gateways").paginate(
        Filters=_of_vpc(look, "attachment.vpc-id")
    )
    for gateway in pages.search("InternetGateways[].InternetGatewayId"):
        if gateway not in declared:
            [vpc, *_] = _vpcs(look)
            yield look.finding(
                "exposed", f"internet gateway {gateway}", f"{vpc} is a route away from the internet",
                "ec2 detach-internet-gateway", internet_gateway_id=gateway, vpc_id=vpc,
            )  # fmt: skip
    pages = ec2.get_paginator("describe_egress_only_internet_gateways").paginate()
    for gateway in pages.search("EgressOnlyInternetGateways[]"):
        attached = {attachment.get("VpcId") for attachment in gateway.get("Attachments", [])}
        name = gateway["EgressOnlyInternetGatewayId"]
        if attached & set(_vpcs(look)) and name not in declared:
            yield look.finding(
                "exposed", f"egress-only internet gateway {name}", "the VPC is a route away from the internet",
                "ec2 delete-egress-only-internet-gateway", egress_only_internet_gateway_id=name,
            )  # fmt: skip


def nat_gateways(look: Surroundings) -> Iterator[Finding]:
    """NAT gateways in the VPC."""
    pages = look.client("ec2").get_paginator("describe_nat_gateways").paginate(Filters=_of_vpc(look))
    for gateway in pages.search("NatGateways[]"):
        name = gateway["NatGatewayId"]
        if gateway["State"] in _THERE and name not in look.declared.every("id", "aws_nat_gateway"):
            yield look.finding(
                "exposed", f"NAT gateway {name}", "the VPC is a route away from the internet",
                "ec2 delete-nat-gateway", nat_gateway_id=name,
            )  # fmt: skip


def peerings(look: Surroundings) -> Iterator[Finding]:
    """Peering connections of the VPC, with whom."""
    declared = look.declared.every("id", "aws_vpc_peering_connection", "aws_vpc_peering_connection_accepter")
    pages = look.client("ec2").get_paginator("describe_vpc_peering_connections")
    for side, other in (("Requester", "Accepter"), ("Accepter", "Requester")):
        filters = _of_vpc(look, f"{side.lower()}-vpc-info.vpc-id")
        for peering in pages.paginate(Filters=filters).search("VpcPeeringConnections[]"):
            name, peer = peering["VpcPeeringConnectionId"], peering[f"{other}VpcInfo"]
            ours = peering[f"{side}VpcInfo"].get("VpcId") in _vpcs(look)
            if ours and peering["Status"]["Code"] in _THERE and name not in declared:
                yield look.finding(
                    "exposed", f"peering connection {name}",
                    f"the VPC is connected with VPC {peer.get('VpcId')} of {look.of(peer.get('OwnerId', ''))}",
                    "ec2 delete-vpc-peering-connection", vpc_peering_connection_id=name,
                )  # fmt: skip


def attachments(look: Surroundings) -> Iterator[Finding]:
    """Networks elsewhere that are attached to the VPC by a VPN or a transit gateway."""
    ec2 = look.client("ec2")
    declared = look.declared.every("vpn_gateway_id", "aws_vpn_gateway_attachment")
    declared += look.declared.every("id", "aws_vpn_gateway", "aws_ec2_transit_gateway_vpc_attachment")
    for gateway in ec2.describe_vpn_gateways(Filters=_of_vpc(look, "attachment.vpc-id"))["VpnGateways"]:
        name = gateway["VpnGatewayId"]
        for attached in gateway.get("VpcAttachments", []):
            if attached["State"] in _THERE and attached["VpcId"] in _vpcs(look) and name not in declared:
                yield look.finding(
                    "exposed", f"VPN gateway {name}",
                    f"the networks behind it are a route away from {attached['VpcId']}",
                    "ec2 detach-vpn-gateway", vpn_gateway_id=name, vpc_id=attached["VpcId"],
                )  # fmt: skip
    pages = ec2.get_paginator("describe_transit_gateway_vpc_attachments").paginate(Filters=_of_vpc(look))
    for attachment in pages.search("TransitGatewayVpcAttachments[]"):
        name, gateway = attachment["TransitGatewayAttachmentId"], attachment["TransitGatewayId"]
        if attachment["State"] in _THERE and name not in declared:
            yield look.finding(
                "exposed", f"transit gateway attachment {name}",
                f"the networks behind transit gateway {gateway} are a route away from the VPC",
                "ec2 delete-transit-gateway-vpc-attachment", transit_gateway_attachment_id=name,
            )  # fmt: skip


def endpoints(look: Surroundings) -> Iterator[Finding]:
    """Endpoints in the VPC: each is a way to a service, past the only endpoint and its policy."""
    ec2 = look.client("ec2")
    for endpoint in (
        ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=_of_vpc(look)).search("VpcEndpoints[]")
    ):
        name = endpoint["VpcEndpointId"]
        theirs = endpoint.get("RequesterManaged") or endpoint["State"].lower().startswith("delet")
        if not theirs and name not in {*look.declared.every("id", "aws_vpc_endpoint"), *_of_redshift(look)}:
            lets = "; ".join(allowed(endpoint.get("PolicyDocument"))) or "it has no policy"
            yield look.finding(
                "exposed", f"VPC endpoint {name}", f"the VPC can reach {endpoint['ServiceName']}: {lets}",
                "ec2 delete-vpc-endpoints", vpc_endpoint_ids=name,
            )  # fmt: skip
    connect = ec2.get_paginator("describe_instance_connect_endpoints").paginate(Filters=_of_vpc(look))
    for endpoint in connect.search("InstanceConnectEndpoints[]"):
        name = endpoint["InstanceConnectEndpointId"]
        if endpoint["State"] in _THERE and name not in look.declared.every(
            "id", "aws_ec2_instance_connect_endpoint"
        ):
            yield look.finding(
                "exposed", f"instance connect endpoint {name}",
                "whoever may call ec2-instance-connect:OpenTunnel gets a connection into the VPC",
                "ec2 delete-instance-connect-endpoint", instance_connect_endpoint_id=name,
            )  # fmt: skip


def _of_redshift(look: Surroundings) -> set[str]:
    """The VPC endpoints that Redshift made for a declared workgroup or a declared endpoint of one."""
    holders = look.declared.all("aws_redshift_endpoint_access", "aws_redshiftserverless_endpoint_access")
    for workgroup in look.declared.all("aws_redshiftserverless_workgroup"):
        holders += workgroup.get("endpoint") or []
    return {made["vpc_endpoint_id"] for holder in holders for made in holder.get("vpc_endpoint") or []}


def rules(look: Surroundings) -> Iterator[Finding]:
    """Rules of our groups, where the group does not hold its rules itself, so that the plan sees only those it made."""
    types = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
    declared = {*look.declared.every("security_group_rule_id", *types, "aws_security_group_rule")}
    apart = {
        (group, "egress" in kind or rule.get("type") == "egress")
        for kind in (*types, "aws_security_group_rule")
        for rule in look.declared.all(kind)
        if (group := rule.get("security_group_id"))
    }
    if not apart:
        return
    groups = sorted({group for group, _ in apart})
    pages = look.client("ec2").get_paginator("describe_security_group_rules")
    for rule in pages.paginate(Filters=[{"Name": "group-id", "Values": groups}]).search(
        "SecurityGroupRules[]"
    ):
        group, name, out = rule["GroupId"], rule["SecurityGroupRuleId"], rule["IsEgress"]
        if (group, out) in apart and name not in declared:
            what = (let_out if out else let_in)(_rule(rule))
            operation = f"ec2 revoke-security-group-{'egress' if out else 'ingress'}"
            yield look.finding(
                "exposed",
                f"security group {group}",
                what,
                operation,
                group_id=group,
                security_group_rule_ids=name,
            )


def _rule(rule: dict[str, Any]) -> Rule:
    other = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    peer = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or other or "?"
    return Rule(peer, str(rule["IpProtocol"]), rule.get("FromPort", -1), rule.get("ToPort", -1))


def extent(look: Surroundings) -> Iterator[Finding]:
    """Ranges and subnets of the VPC."""
    ec2 = look.client("ec2")
    ours = look.declared.every(
        "id", "aws_vpc_ipv4_cidr_block_association", "aws_vpc_ipv6_cidr_block_association"
    )
    ranges = look.declared.every("cidr_block", "aws_vpc") + look.declared.every("ipv6_cidr_block", "aws_vpc")
    if not (vpcs := _vpcs(look)):
        return
    for vpc in ec2.describe_vpcs(VpcIds=vpcs)["Vpcs"]:
        for version, field in (("", "CidrBlock"), ("Ipv6", "Ipv6CidrBlock")):
            for block in vpc.get(f"{version}CidrBlockAssociationSet", []):
                there = block[f"{field}State"]["State"] in _THERE
                if there and block["AssociationId"] not in ours and block[field] not in ranges:
                    yield look.finding(
                        "differs", vpc["VpcId"], f"{block[field]} is part of it",
                        "ec2 disassociate-vpc-cidr-block", association_id=block["AssociationId"],
                    )  # fmt: skip
    for subnet in ec2.get_paginator("describe_subnets").paginate(Filters=_of_vpc(look)).search("Subnets[]"):
        if subnet["SubnetId"] not in look.declared.every("id", "aws_subnet"):
            yield look.finding(
                "differs", subnet["VpcId"], f"subnet {subnet['SubnetId']} is in it", "ec2 delete-subnet",
                subnet_id=subnet["SubnetId"],
            )  # fmt: skip


def _vpcs(look: Surroundings) -> list[str]:
    return look.declared.every("id", "aws_vpc")


def _of_vpc(look: Surroundings, name: str = "vpc-id") -> list[dict[str, Any]]:
    return [{"Name": name, "Values": _vpcs(look)}]
