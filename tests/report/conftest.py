"""Warehouses and a browser that the tests of a module share: they only look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from sparkify_assets.load.loader import Loader
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for, require_tool

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
)


@pytest.fixture(scope="module")
def loaded(shared_warehouse: Warehouse, reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """The real data, loaded once."""
    loader = loader_for(shared_warehouse, reference, tmp_path_factory.mktemp("home"))
    load_all(loader)
    return loader


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium without a window, and with nothing that it knew before."""
    chromium = require_tool("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=chromium, headless=True, args=FLAGS.split()
        )
        context.set_default_timeout(60_000)
        yield context
        context.close()
