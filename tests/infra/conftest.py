"""The tests of the modules of `sparkify_assets.infra`, by name. Those that cross modules, and the emulated AWS with the
other fixtures of both, are in tests/infrastructure.
"""

from __future__ import annotations

from tests.infrastructure.conftest import checkout, emulator, running_emulator, terraform

__all__ = ["checkout", "emulator", "running_emulator", "terraform"]
