"""Ids of requests are never given twice, in whichever threads and processes they are drawn."""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.logging.redaction import redacted
from shared.logging.request_ids import adopt_request_id, new_request_id


@pytest.fixture
def switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_no_two_threads_draw_the_same_one(switching_often: None) -> None:
    drawn: list[list[str]] = [[] for _ in range(4)]

    def draw(own: list[str]) -> None:
        own.extend(new_request_id() for _ in range(5000))

    threads = [threading.Thread(target=draw, args=(own,)) for own in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    ids = [one for own in drawn for one in own]
    assert len(ids) == len(set(ids)) == 20_000
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


def test_a_process_that_was_forked_draws_its_own() -> None:
    new_request_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "\n".join(new_request_id() for _ in range(300)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="ascii") as shown:
        others = set(shown.read().split("\n"))
    os.waitpid(child, 0)
    assert len(others) == 300
    assert others.isdisjoint(new_request_id() for _ in range(300))


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_an_id_of_the_form_of_those_made_here_is_adopted_and_holds_no_secret(given_id: str) -> None:
    assert copy_context().run(adopt_request_id, given_id) == given_id == redacted(given_id)


@pytest.mark.parametrize(
    "odd", ["", "x", "a" * 31 + "\n", "A b" * 8, "0" * 65, "5b9a0d5e-7d0f-4a3f-8a3f-5b9a0d5e7d0f"]
)
def test_an_odd_id_and_one_of_the_form_of_a_secret_is_replaced(odd: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", copy_context().run(adopt_request_id, odd))
