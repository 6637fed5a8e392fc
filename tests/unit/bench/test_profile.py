"""What is told of a profile: shares of the thread that serves, by the innermost part of the code."""

from collections import Counter

from tests.bench.paths.profile import OTHER, PARTS, parts, rows
from tests.bench.peers.py_spy import _stacks

SERVING = "main (gateway/__main__.py:26);Runner.run (asyncio/runners.py:118)"
RAW = f"""
{SERVING} 30
{SERVING};send (shared/transport/turn_transport.py:9) 10
{SERVING};begin (gateway/proxy/exchange.py:1);verify (jwt/algorithms.py:5);<lambda> (<string>:1) 40
{SERVING};begin (gateway/proxy/exchange.py:1) 20
Thread.run (threading.py:1);_worker (concurrent/futures/thread.py:81) 900
""".strip()


def test_each_sample_counts_once_for_the_innermost_part_of_the_thread_that_serves() -> None:
    assert parts(Counter(dict(_stacks(RAW)))) == {
        "sockets and the event loop": 40,
        "the signature of a token": 40,
        "connections, requests and responses": 20,
    }


def test_a_table_has_all_parts_and_what_is_of_none() -> None:
    table = rows({"one": {OTHER: 100.0}, "two": {}})
    assert table[0] == ["part", "one", "two"]
    assert len(table) == len(PARTS) + 2
    assert table[-1] == [OTHER, "100", "0"]
