"""What holds for the text of terraform/ without running a provider: form, descriptions, pins, waivers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
from botocore.session import Session

from sparkify_assets.infra.prices import NODE_USD_PER_HOUR
from tests.infrastructure.harness import TERRAFORM

MODULES = sorted(path for path in (TERRAFORM / "modules").iterdir())
STACKS = sorted(path for path in (TERRAFORM / "stacks").iterdir())
FILES = sorted(
    path
    for pattern in ("*.tf", "*.hcl", "*.tfvars")
    for path in TERRAFORM.rglob(pattern)
    if ".terraform" not in path.parts and not path.name.endswith("_override.tf")
)


def blocks(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The blocks of a kind (`variable`, `output`) in a folder, by name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.tf")):
        with path.open() as text:
            for block in hcl2.load(text).get(kind, []):  # type: ignore[attr-defined]
                found |= {name.strip('"'): body for name, body in block.items()}
    return found


def test_there_is_something_to_look_at() -> None:
    assert [path.name for path in MODULES] == [
        "arrivals",
        "landing",
        "network",
        "orchestrator",
        "serverless",
        "snapshot_copies",
        "warehouse",
    ]
    assert [path.name for path in STACKS] == ["foundation", "orchestrator", "warehouse"]
    assert all(blocks(folder, "variable") and blocks(folder, "output") for folder in MODULES + STACKS)


def test_form(terraform: str) -> None:
    done = subprocess.run(
        [terraform, "fmt", "-check", "-recursive", "-diff"],
        cwd=TERRAFORM,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", MODULES + STACKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_variable_and_output_is_typed_and_described(folder: Path) -> None:
    for name, variable in blocks(folder, "variable").items():
        assert variable.get("type"), f"variable {name} has no type"
        assert len(variable.get("description", "")) > 10, f"variable {name} is not described"
    for name, output in blocks(folder, "output").items():
        assert len(output.get("description", "")) > 10, f"output {name} is not described"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_readme_names_every_input_and_output(module: Path) -> None:
    readme = (module / "README.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", readme, re.MULTILINE))
    written = {**blocks(module, "variable"), **blocks(module, "output")}
    assert set(rows) == set(written)
    for name, block in written.items():
        described = block["description"].strip('"').replace('\\"', '"').replace("|", "\\|")
        assert rows[name].endswith(described), f"{name}: the README says {rows[name]!r}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_module_has_an_example_and_a_test_that_plans_it(module: Path) -> None:
    assert (module / "examples" / "complete" / "main.tf").exists()
    tests = [path.read_text() for path in (module / "tests").glob("*.tftest.hcl")]
    assert sum('source = "./examples/complete"' in test for test in tests) == 1


@pytest.mark.parametrize("folder", MODULES + STACKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_secret_passes_through_terraform(folder: Path) -> None:
    """A secret in a variable is in the plan, and one in an output is in the state."""
    for name in {*blocks(folder, "variable"), *blocks(folder, "output")}:
        assert not re.search(r"password|secret(?!_arn)|token|credential", name), name


def test_every_role_has_the_permissions_boundary() -> None:
    """A role without it could be given any permission by whoever may create roles
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html).
    """
    seen = set()
    for path in FILES:
        if path.suffix == ".tf":
            for role in re.findall(
                r'^resource "aws_iam_(?:role|user)" "\w+" {.*?^}', path.read_text(), re.MULTILINE | re.DOTALL
            ):
                assert re.search(
                    r"^  permissions_boundary = var\.permissions_boundary$", role, re.MULTILINE
                ), role
                seen.add(path.parent.name)
    assert {"network", "warehouse"} <= seen


def test_nothing_about_a_machine_or_a_backend_is_in_the_configuration() -> None:
    for path in FILES:
        text = path.read_text()
        for word in (
            "provider_installation",
            "filesystem_mirror",
            "endpoints {",
            "skip_credentials",
            "access_key",
        ):
            assert word not in text, f"{path}: {word}"
        assert not re.search(r'^\s*backend\s+"', text, re.MULTILINE), path
        if "orchestrator" not in path.parts:  # whose containers speak with each other on loopback
            assert "127.0.0.1" not in text, path


def test_both_environments_set_only_what_both_stacks_declare() -> None:
    """A value for an undeclared variable is a warning at every run."""
    for path in sorted((TERRAFORM / "environments").glob("*.tfvars")):
        with path.open() as text:
            values = {name for name in hcl2.load(text) if not name.startswith("__")}  # type: ignore[attr-defined]
        for stack in STACKS:
            assert values <= set(blocks(stack, "variable")), f"{path.name}, {stack.name}"


@pytest.mark.parametrize("stack", STACKS, ids=lambda path: path.name)
def test_the_lock_holds_on_every_platform(stack: Path) -> None:
    """An h1 hash is of an unpacked provider, for one platform each; zh hashes are of the archives of all
    platforms, which are compared with what a registry sends
    (https://developer.hashicorp.com/terraform/language/files/dependency-lock).
    """
    lock = (stack / ".terraform.lock.hcl").read_text()
    assert 'version     = "5.100.0"' in lock
    assert len(re.findall(r'"h1:', lock)) >= 2
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', lock)) == 15
    assert lock == (STACKS[0] / ".terraform.lock.hcl").read_text()


def test_every_waiver_of_a_check_says_why() -> None:
    waivers = [
        (path, line) for path in FILES for line in path.read_text().splitlines() if "checkov:skip" in line
    ]
    assert waivers
    for path, line in waivers:
        assert re.search(r"#checkov:skip=CKV2?_AWS_\d+:.{20,}", line), f"{path}: {line.strip()}"


def test_the_mocks_are_shared_by_all_tests() -> None:
    tests = [path for path in FILES if path.name.endswith(".tftest.hcl")]
    assert {path.parent.parent for path in tests} == {*MODULES, *STACKS}
    assert all('source = "../../mocks"' in path.read_text() for path in tests)


def test_costs_say_from_when_they_are() -> None:
    cost = (TERRAFORM / "cost.md").read_text()
    assert "not verified" in cost
    assert re.search(r"20\d\d-\d\d", cost)
    for node_type in ("ra3.large", "rg.xlarge"):  # those of the environments
        assert node_type in cost


def test_every_node_type_has_its_limits_and_its_price_or_none() -> None:
    """The types are those that botocore's model of the API names (CreateCluster, NodeType), except for dc2."""
    model = Session().get_service_model("redshift").operation_model("CreateCluster").input_shape
    named = set(re.findall(r"<code>((?:ra3|rg)\.\w+)</code>", model.members["NodeType"].documentation))
    assert len(named) == 8
    limits = (TERRAFORM / "modules" / "warehouse" / "nodes.tf").read_text()
    assert set(re.findall(r'"(\w+\.\w+)"\s+= {', limits)) == named
    assert set(NODE_USD_PER_HOUR) == named
    cost = (TERRAFORM / "cost.md").read_text()
    for node_type, price in NODE_USD_PER_HOUR.items():
        assert f"| {node_type} | {price:g} |" in cost, node_type
