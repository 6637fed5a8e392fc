"""How long an upstream may take: for the head once it has the request, for each piece of the body from the last."""

from math import inf

from gateway.proxy.upstream.response_pace import ResponsePace


def pace(*, complete: bool) -> ResponsePace:
    begun = ResponsePace()
    begun.begin(complete=complete, response_timeout=30.0, idle_timeout=5.0)
    return begun


def test_the_head_is_due_from_when_the_request_is_complete() -> None:
    under_way = pace(complete=False)
    assert under_way.deadline(100.0, head_came=False) == inf
    under_way.complete()
    assert under_way.deadline(110.0, head_came=False) == 140.0
    assert pace(complete=True).deadline(100.0, head_came=False) == 130.0


def test_the_head_is_due_from_when_the_upstream_stops_taking_the_request() -> None:
    under_way = pace(complete=False)
    under_way.congest()
    assert under_way.deadline(100.0, head_came=False) == 130.0
    under_way.drain()
    assert under_way.deadline(101.0, head_came=False) == inf


def test_each_piece_of_the_body_is_due_from_the_one_before() -> None:
    for complete in (True, False):
        assert pace(complete=complete).deadline(100.0, head_came=True) == 105.0


def test_while_we_take_no_more_nothing_is_due() -> None:
    waiting = pace(complete=True)
    waiting.pause()
    assert waiting.deadline(100.0, head_came=True) == waiting.deadline(100.0, head_came=False) == inf
    waiting.resume()
    assert waiting.deadline(200.0, head_came=True) == 205.0


def test_a_request_is_taken_once_all_of_it_is_sent_and_the_buffers_are_not_full() -> None:
    under_way = pace(complete=False)
    assert not under_way.request_taken
    under_way.complete()
    under_way.congest()
    assert not under_way.request_taken
    under_way.drain()
    assert under_way.request_taken


def test_another_request_has_times_of_its_own() -> None:
    again = pace(complete=True)
    again.begin(complete=False, response_timeout=1.0, idle_timeout=2.0)
    assert (again.deadline(100.0, head_came=False), again.deadline(100.0, head_came=True)) == (inf, 102.0)
