"""Modules on the equilibrium run twice: with trees of shortest paths, and with labels of the hierarchy."""

from __future__ import annotations

import pytest

BOTH_WAYS = {"test_equilibrium", "test_demand", "test_warm", "test_criticality"}


def pytest_generate_tests(metafunc):
    if metafunc.module.__name__.rsplit(".", 1)[-1] in BOTH_WAYS:
        metafunc.fixturenames.append("searching")
        metafunc.parametrize("searching", ["trees", "labels"], indirect=True)


@pytest.fixture
def searching(request, monkeypatch):
    """Search trees or labels, whatever the size of the network."""
    monkeypatch.setattr(
        "resilience.traffic.equilibrium.workspace.LEAST_NODES", 10**9 if request.param == "trees" else 0
    )
    return request.param
