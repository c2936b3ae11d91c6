"""Whether the cluster answers."""

from __future__ import annotations

import socket
import time

import pytest

from sparkify_assets.infra import InfrastructureError, aws


def test_a_cluster_out_of_reach_fails_in_time_and_names_the_ways_in() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(InfrastructureError) as failed:
        aws.wait_until_it_answers("127.0.0.1", port, seconds=2)
    assert time.monotonic() - started < 30
    told = str(failed.value)
    assert 'access = "allow_list"' in told
    assert 'access = "port_forward"' in told
    assert f"127.0.0.1:{port}" in told


def test_a_port_that_swallows_everything_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(InfrastructureError, match="does not answer"):
            aws.wait_until_it_answers("127.0.0.1", silent.getsockname()[1], seconds=2)
        assert time.monotonic() - started < 30


def test_the_wait_is_a_minute_unless_told_otherwise() -> None:
    assert aws.wait_until_it_answers.__defaults__ == (60.0,)
