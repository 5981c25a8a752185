"""What passes between collector and store."""

from gateway.keeping import Kept
from tests.readings import NOON, kept_frame


def test_a_frame_tells_when_it_was_received() -> None:
    assert kept_frame().received_at == NOON


def test_what_is_kept_is_no_duplicate_unless_said() -> None:
    assert Kept("id", 1) == Kept("id", 1, duplicate=False)
