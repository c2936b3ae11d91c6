"""How a session with a cluster begins: address, credentials, TLS, a cluster that sleeps."""

from __future__ import annotations

from tests.redshift.conftest import LoopbackCluster


def test_the_loader_gets_in_without_a_password_of_its_own(ready: LoopbackCluster) -> None:
    with ready.warehouse().transaction(lock=False) as transaction:
        transaction.cursor.execute("select current_user")
        assert transaction.cursor.fetchall() == [("sparkify_loader",)]
    assert ready.endpoint.logins == ["IAM:sparkify_loader"]
