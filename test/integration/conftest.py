"""Fixtures of the live tests."""

import pytest

from dcmd_ros.framing import camera_infos
from dcmd_ros.nodes import incidents, inspector_node

OFTEN, SOON = 0.25, 1.5  # s


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of this process tell more often how they are, and forget sooner what befell them."""
    monkeypatch.setattr(inspector_node, 'DIAGNOSTICS_PERIOD', OFTEN)
    monkeypatch.setattr(incidents, 'RECENT', SOON)
    monkeypatch.setattr(camera_infos, 'RECENT', SOON)
