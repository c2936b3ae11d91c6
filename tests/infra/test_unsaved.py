"""What Terraform could not save: kept where there is room, told with its way back, and no room is said beforehand. The
real thing, on a disk that is full, is in tests/infrastructure/test_fault_sweep.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.unsaved import keep_printed, refuse_unsaved, room_in, unfinished

STATE = {"version": 4, "serial": 3, "lineage": "d43a", "outputs": {}, "resources": []}
PRINTED = "\n".join(
    map(
        json.dumps,
        [{"@message": "Apply"}, {"@message": "Emergency state dump", "type": "log", "state": STATE}],
    )
)


def test_a_printed_state_is_kept_in_the_first_place_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = tmp_path / "unsaved" / "dev" / "warehouse.tfstate"
    told = keep_printed(PRINTED, tmp_path / "file" / "errored.tfstate", kept)
    assert f"is kept in {kept}" in told
    assert json.loads(kept.read_text()) == STATE
    assert kept.stat().st_mode & 0o077 == 0, "a state is for this user only"


def test_a_state_that_can_be_kept_nowhere_is_told_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = keep_printed(PRINTED, tmp_path / "file" / "errored.tfstate")
    assert json.loads(told.partition("by hand: ")[2]) == STATE


def test_where_nothing_was_printed_nothing_is_kept(tmp_path: Path) -> None:
    assert keep_printed('{"@message": "Apply complete!"}\nno message', tmp_path / "kept") == ""
    assert not (tmp_path / "kept").exists()


def test_no_room_is_said_before_anything_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    with room_in(tmp_path):
        [reserve] = tmp_path.iterdir()
        assert reserve.stat().st_blocks * 512 >= 4 * 2**20
    monkeypatch.setattr(os, "posix_fallocate", full)
    with (
        pytest.raises(InfrastructureError, match="no room of 4 MB for a state: No space left on device"),
        room_in(tmp_path),
    ):
        pytest.fail("it began")
    assert not list(tmp_path.iterdir()), "the room is free again"


@pytest.mark.parametrize(
    ("unsaved", "state", "told"),
    [
        (json.dumps(STATE), json.dumps(STATE), "terraform state push errored.tfstate"),
        (json.dumps(STATE), None, "terraform state push errored.tfstate"),
        (json.dumps(STATE), '{"version": 4, "ser', "Launch again after: mv "),
        ("", json.dumps(STATE), "errored.tfstate is cut short"),
    ],
)
def test_the_way_back_is_told(tmp_path: Path, unsaved: str, state: str | None, told: str) -> None:
    there, kept = tmp_path / "terraform.tfstate", tmp_path / "kept.tfstate"
    refuse_unsaved(tmp_path, kept, there)
    (tmp_path / "errored.tfstate").write_text(unsaved)
    if state is not None:
        there.write_text(state)
    with pytest.raises(InfrastructureError) as refused:
        refuse_unsaved(tmp_path, kept, there)
    assert told in str(refused.value)


def test_what_was_begun_and_not_finished_is_known() -> None:
    """The messages of https://developer.hashicorp.com/terraform/internals/machine-readable-ui."""
    lines = [
        {"type": kind, "hook": {"resource": {"addr": address}}}
        for kind, address in (
            ("apply_start", "aws_s3_bucket.this"),
            ("apply_start", "aws_kms_key.this"),
            ("apply_complete", "aws_s3_bucket.this"),
            ("apply_start", "aws_iam_role.this"),
            ("apply_errored", "aws_iam_role.this"),
        )
    ]
    assert unfinished("\n".join(map(json.dumps, lines)) + '\n{"cut sho') == ["aws_kms_key.this"]
