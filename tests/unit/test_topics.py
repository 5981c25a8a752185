"""Topics are built and read in one place, and no word can leave its own level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import topics
from gateway.topics import HubTopics, Topic, TopicError

HUB = HubTopics("skien", "hub-0042")


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (HUB.state, "dho/1/skien/hub-0042/state"),
        (HUB.about, "dho/1/skien/hub-0042/about"),
        (HUB.health, "dho/1/skien/hub-0042/health"),
        (HUB.ledger, "dho/1/skien/hub-0042/ledger"),
        (HUB.ack, "dho/1/skien/hub-0042/ack"),
        (HUB.void, "dho/1/skien/hub-0042/reading/void"),
        (HUB.amend, "dho/1/skien/hub-0042/reading/amend"),
        (HUB.reading("weight"), "dho/1/skien/hub-0042/reading/weight"),
        (HUB.device("dev-3f9c21"), "dho/1/skien/hub-0042/device/dev-3f9c21"),
        (HUB.event("pair"), "dho/1/skien/hub-0042/event/pair"),
        (HUB.alarm("disk"), "dho/1/skien/hub-0042/alarm/disk"),
        (HUB.command("sync", "77"), "dho/1/skien/hub-0042/command/sync/77"),
        (HUB.result("sync", "77"), "dho/1/skien/hub-0042/command/sync/77/result"),
        (HUB.commands, "dho/1/skien/hub-0042/command/+/+"),
    ],
)
def test_topics_are_those_of_the_contract(built: str, text: str) -> None:
    assert built == text


@pytest.mark.parametrize("kind", topics.KINDS)
def test_what_is_built_reads_back(kind: str) -> None:
    assert topics.parse(HUB.reading(kind)) == Topic("skien", "hub-0042", "reading", (kind,))


def test_a_result_is_told_from_its_command() -> None:
    assert topics.parse(HUB.command("sync", "77")).words == ("sync", "77")
    assert topics.parse(HUB.result("sync", "77")).words == ("sync", "77", "result")


@pytest.mark.parametrize(
    ("tenant", "hub"),
    [("", "hub-1"), ("skien", "+"), ("skien", "a/b/c"), ("#", "hub-1"), ("Skien", "hub-1"), ("s", "hub")],
)
def test_a_name_that_could_reach_elsewhere_is_refused(tenant: str, hub: str) -> None:
    with pytest.raises(TopicError):
        HubTopics(tenant, hub)


@pytest.mark.parametrize("kind", ["", "void", "poison/../x", "+", "step-count"])
def test_an_unknown_kind_has_no_topic(kind: str) -> None:
    with pytest.raises(TopicError):
        HUB.reading(kind)


@pytest.mark.parametrize("tail", ["reading/step-count", "command/sync/77/answer", "nothing", "device/a/b"])
def test_a_topic_beyond_the_contract_is_not_read(tail: str) -> None:
    with pytest.raises(TopicError):
        topics.parse(f"{HUB.root}/{tail}")


@given(st.text(max_size=60))
def test_any_text_reads_as_a_topic_of_ours_or_is_refused(text: str) -> None:
    """No text makes the reader fail in any other way, and what it accepts is in the tree."""
    for topic in (text, f"dho/1/{text}", f"dho/1/skien/hub-0042/{text}"):
        try:
            read = topics.parse(topic)
        except TopicError:
            continue
        assert topic == "/".join([topics.ROOT, read.tenant, read.hub, read.family, *read.words])


@given(st.text(max_size=20))
def test_no_word_leaves_its_level(word: str) -> None:
    for build in (HUB.device, HUB.event, HUB.alarm):
        try:
            topic = build(word)
        except TopicError:
            continue
        assert topic.count("/") == 5
        assert not set("+#\0") & set(topic)


def test_a_receiver_listens_to_one_hub_or_to_all_of_a_tenant() -> None:
    assert "dho/1/skien/+/reading/+" in topics.receiver_filters("skien", None)
    assert "dho/1/skien/hub-0042/ledger" in topics.receiver_filters("skien", "hub-0042")
    with pytest.raises(TopicError):
        topics.receiver_filters("+", None)


@pytest.mark.parametrize("topic", ["dho/1/skien/hub-0042/command/ledger/c1/reply", "dho/1/skien/hub-0042/command/x"])
def test_a_command_topic_ends_with_its_id_or_its_result(topic: str) -> None:
    """Whatever else stands under `command` is nobody's."""
    with pytest.raises(TopicError):
        topics.parse(topic)
