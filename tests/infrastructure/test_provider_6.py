"""Nothing in terraform/ uses what version 6 of the AWS provider removed, renamed or reads otherwise.

The list is the part of the provider's upgrade guide that concerns services of this project
(https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade). What 5.100 itself calls
deprecated is a diagnostic of `terraform validate`, of which `test_modules` allows none. The rest: docs/provider-6.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.infrastructure.test_configuration import FILES

#: Arguments and blocks that are gone, by the resource.
REMOVED = {
    "aws_db_instance": ("character_set_name",),  # not with a snapshot or a source
    "aws_ecs_task_definition": ("inference_accelerator",),
    "aws_eip": ("vpc",),
    "aws_flow_log": ("log_group_name",),
    "aws_instance": (
        "cpu_core_count",
        "cpu_threads_per_core",
        "user_data",
    ),  # user_data is readable in the state
    "aws_redshift_cluster": (
        "cluster_public_key",
        "cluster_revision_number",
        "endpoint",
        "logging",
        "snapshot_copy",
    ),
    "aws_redshift_service_account": ("",),
    "aws_ssm_association": ("instance_id",),
}

#: References to attributes that are deprecated, or mean something else.
OTHERWISE = (
    r"data\.aws_region\.\w+\.name\b",
    r"data\.aws_s3_bucket\.\w+\.region\b",
    r"(?<!data\.)aws_s3_bucket\.\w+\.region\b",
    r"data\.aws_vpc_endpoint_service\.\w+\.region\b",
)

#: Arguments whose default is another one, so that they are always given.
GIVEN = {"aws_redshift_cluster": ("encrypted", "publicly_accessible")}


def not_for_6(text: str) -> Iterator[str]:
    """What a text of HCL has that version 6 would refuse, or understand differently."""
    for kind, body in re.findall(r'(?ms)^(?:resource|data) "(\w+)" "\w+" {(.*?)^}', text):
        for argument in REMOVED.get(kind, ()):
            if re.search(rf"(?m)^\s*{argument}\s*[={{]", body) or not argument:
                yield f"{kind}.{argument}"
        for argument in GIVEN.get(kind, ()):
            if not re.search(rf"(?m)^\s*{argument}\s*=", body):
                yield f"{kind} without {argument}"
    for reference in OTHERWISE:
        yield from re.findall(reference, text)


def test_nothing_here_is_refused_by_version_6() -> None:
    found = {str(path): list(not_for_6(path.read_text())) for path in FILES if path.suffix == ".tf"}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('resource "aws_eip" "a" {\n  vpc = true\n}\n', "aws_eip.vpc"),
        ('resource "aws_flow_log" "a" {\n  log_group_name = "x"\n}\n', "aws_flow_log.log_group_name"),
        ('resource "aws_instance" "a" {\n  user_data = "x"\n}\n', "aws_instance.user_data"),
        (
            'resource "aws_redshift_cluster" "a" {\nencrypted = true\npublicly_accessible = true\nlogging {}\n}\n',
            "aws_redshift_cluster.logging",
        ),
        (
            'resource "aws_redshift_cluster" "a" {\n  encrypted = true\n}\n',
            "aws_redshift_cluster without publicly_accessible",
        ),
        ('data "aws_redshift_service_account" "a" {\n}\n', "aws_redshift_service_account."),
        ("x = data.aws_region.current.name", "data.aws_region.current.name"),
        ("x = aws_s3_bucket.this.region", "aws_s3_bucket.this.region"),
    ],
)
def test_what_version_6_refuses_is_found(text: str, what: str) -> None:
    assert list(not_for_6(text)) == [what]


def test_what_both_versions_take_is_not_found() -> None:
    text = 'resource "aws_flow_log" "a" {\n  log_destination = "x"\n}\nx = data.aws_region.current.id\n'
    assert list(not_for_6(text)) == []
