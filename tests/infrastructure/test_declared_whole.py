"""Every group and role of terraform/ is declared as a whole, so that the plan shows what somebody adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.infrastructure.harness import TERRAFORM

_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def resources() -> dict[tuple[str, str, str], str]:
    """The text of each resource, by its folder, type and name; of examples none."""
    return {
        (str(path.parent.relative_to(TERRAFORM)), kind, name): text
        for path in TERRAFORM.rglob("*.tf")
        if "examples" not in path.parts and ".terraform" not in path.parts
        for kind, name, text in _RESOURCE.findall(path.read_text("utf-8"))
    }


def of(*kinds: str) -> Iterator[tuple[str, str]]:
    return ((folder, name) for folder, kind, name in resources() if kind in kinds)


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize(("folder", "group"), tuple(of("aws_security_group", "aws_default_security_group")))
def test_a_group_holds_its_rules_or_the_look_asks_for_them(folder: str, group: str, direction: str) -> None:
    """Without either, nobody would see a rule that was added."""
    found = resources()
    kind = next(
        k for k in ("aws_security_group", "aws_default_security_group") if (folder, k, group) in found
    )
    inside = re.search(
        rf'^  (?:{direction}\b|dynamic "{direction}")', found[folder, kind, group], re.MULTILINE
    )
    apart = f"aws_vpc_security_group_{direction}_rule"
    rules = [text for (of, k, _), text in found.items() if of == folder and k == apart]
    assert inside or any(
        re.search(rf"security_group_id\s*= aws_security_group\.{group}\b", text) for text in rules
    )


@pytest.mark.parametrize("of_role", ["policies", "policy_attachments"])
@pytest.mark.parametrize(("folder", "role"), tuple(of("aws_iam_role")))
def test_a_role_has_the_policies_that_are_declared_and_no_other(folder: str, role: str, of_role: str) -> None:
    texts = [text for (where, kind, _), text in resources().items()
             if where == folder and kind == f"aws_iam_role_{of_role}_exclusive"]  # fmt: skip
    assert any(re.search(rf"role_name\s*= aws_iam_role\.{role}\b", text) for text in texts)


def test_no_route_stands_in_its_table() -> None:
    """The provider reads all routes of a table there, so that the look could not tell ours from others."""
    assert not [
        place for place, text in resources().items() if place[1] == "aws_route_table" and "route {" in text
    ]


def test_what_could_not_be_made_is_not_asked_what_it_is() -> None:
    """Terraform evaluates a postcondition of what it failed to make as well. Of a resource with `count` or `for_each`
    each `self` is then an error of its own, `Invalid index`, which no `try` catches, and AWS's reason one of many.
    """
    counted = {
        place: text
        for place, text in resources().items()
        if re.search("^  (count|for_each) ", text, re.MULTILINE)
    }
    assert [place for place, text in counted.items() if "postcondition" in text and "self." in text] == []
