"""What was refused is offered again: one at first, ever more seldom, the rest when that one was taken."""

from gateway.offers import Offer, SecondOffers

DENIED, LARGE, BAD = "mqtt-not-authorised", "mqtt-packet-too-large", "mqtt-payload-invalid"
ONE, MANY = Offer("weight", DENIED, 1), Offer("weight", DENIED, 20)


def refused_at_0(*reasons: str) -> SecondOffers:
    return SecondOffers([("weight", reason) for reason in reasons], 0.0, 0.0)


def test_nothing_refused_is_nothing_to_offer() -> None:
    assert refused_at_0().next_at() is None
    assert refused_at_0(BAD).due(1e9) is None


def test_one_is_offered_after_a_while_and_the_rest_when_it_was_taken() -> None:
    offers = refused_at_0(DENIED)
    assert (offers.next_at(), offers.due(899), offers.due(900)) == (900, None, ONE)
    offers.offered(ONE, [7], 900)
    assert (offers.next_at(), offers.due(1e9)) == (None, None)
    offers.taken("weight", 7, 901)
    assert offers.due(901) == MANY
    offers.offered(MANY, [8, 9], 901)
    offers.taken("weight", 8, 902)
    assert offers.due(902) is None
    offers.confirmed([(1, 7), (9, 9)], 903)
    assert offers.due(903) == MANY
    offers.offered(MANY, [], 903)
    assert offers.next_at() is None


def test_refused_again_it_waits_longer() -> None:
    offers = refused_at_0(DENIED)
    offers.offered(ONE, [7], 900)
    offers.refused("weight", DENIED, 7, 1000, 0.0)
    assert offers.next_at() == 2800
    offers.refused("weight", DENIED, 8, 1001, 0.0)
    assert offers.next_at() == 2800, "the rest of the lot says nothing new"


def test_refused_for_another_reason_both_wait() -> None:
    offers = refused_at_0(DENIED)
    offers.offered(ONE, [7], 900)
    offers.refused("weight", LARGE, 7, 1000, 0.0)
    assert offers.next_at() == 1900
    assert offers.due(2000) == Offer("weight", LARGE, 1)


def test_what_the_broker_takes_speaks_for_its_kind_and_for_rights_alone() -> None:
    offers = refused_at_0(DENIED, LARGE)
    offers.taken("weight", 5, 30)
    assert offers.due(30) is None, "it was refused just now"
    offers.taken("temperature", 6, 100)
    assert offers.due(100) is None
    offers.taken("weight", 7, 100)
    assert offers.due(100) == ONE
    assert offers.next_at() == 100


def test_the_receivers_word_on_others_changes_nothing() -> None:
    offers = refused_at_0(DENIED)
    offers.offered(ONE, [7], 900)
    offers.confirmed([(1, 6), (8, 9)], 901)
    assert offers.next_at() is None
