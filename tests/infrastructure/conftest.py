"""Fixtures of the infrastructure tests, also for tests/infra. Terraform, the AWS provider and Dagster are real; AWS is
emulated.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import require_tool
from tests.infrastructure.harness import Answering, Checkout, Emulator
from tests.infrastructure.machine import provider_mirror


@pytest.fixture(scope="package")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Terraform's path, with providers from this machine's mirror if it has one, else from the registry."""
    path = require_tool("terraform")
    with pytest.MonkeyPatch.context() as patch:
        if mirror := provider_mirror():
            patch.setenv("TF_CLI_ARGS_init", f"-plugin-dir={mirror}")
        else:
            patch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path_factory.mktemp("providers")))
        patch.setenv("CHECKPOINT_DISABLE", "1")
        # The provider's start is most of what these tests cost, and a third of it is Go's garbage collector.
        patch.setenv("GOGC", "off")
        patch.setenv("GOMEMLIMIT", "1GiB")
        for name in ("TF_WORKSPACE", "TF_DATA_DIR", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield path


@pytest.fixture(scope="package")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The process, which takes seconds to start."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def emulator(terraform: str, running_emulator: Emulator) -> Iterator[Emulator]:
    """An empty AWS account for a module's tests; the environment's variables lead to it."""
    running_emulator.forget_everything()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running_emulator.environment.items():
            patch.setenv(name, value)
        yield running_emulator


@pytest.fixture(scope="module")
def cluster_port() -> Iterator[int]:
    """A port on loopback that answers as a cluster does."""
    answering = Answering()
    yield answering.port
    answering.stop()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout of terraform/ for a module's tests."""
    return Checkout.make(tmp_path_factory.mktemp("checkout"))
