"""How long a body may take: it may pause for a while, and it may be long, but it has to keep coming."""

from gateway.proxy.body_pace import MAX_BODY_SILENCE_S, MIN_BODY_RATE_BYTES_PER_S, BodyPace


def test_the_first_piece_may_take_the_time_of_a_silence() -> None:
    assert BodyPace(100.0).deadline(100.0) == 100.0 + MAX_BODY_SILENCE_S


def test_a_byte_now_and_then_earns_next_to_no_time() -> None:
    pace = BodyPace(0.0)
    pace.received(1)
    assert pace.deadline(20.0) == MAX_BODY_SILENCE_S + 1 / MIN_BODY_RATE_BYTES_PER_S


def test_what_came_in_time_earns_time_but_no_longer_silence() -> None:
    pace = BodyPace(0.0)
    pace.received(1000 * MIN_BODY_RATE_BYTES_PER_S)
    assert pace.deadline(20.0) == 20.0 + MAX_BODY_SILENCE_S


def test_while_we_take_no_more_the_senders_time_stands_still() -> None:
    pace = BodyPace(0.0)
    pace.pause(10.0)
    assert pace.paused
    pace.resume(70.0)
    assert not pace.paused
    assert pace.deadline(70.0) == 60.0 + MAX_BODY_SILENCE_S
