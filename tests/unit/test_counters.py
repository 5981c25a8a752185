"""Counts appear with the first of their kind and are told in order."""

from gateway.counters import Counters


def test_counts_are_kept_by_name_and_told_in_order() -> None:
    counters = Counters()
    assert counters.add("stored") == 1
    assert counters.add("stored", 4) == 5
    assert counters.add("frames") == 1
    assert (counters["stored"], counters["never"]) == (5, 0)
    assert list(counters.as_dict().items()) == [("frames", 1), ("stored", 5)]


def test_what_is_handed_out_is_a_copy() -> None:
    counters = Counters()
    counters.as_dict()["stored"] = 7
    assert counters["stored"] == 0
