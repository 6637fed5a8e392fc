"""Records without content, such as those that change keys: they have their turns, and are not without end."""

import ssl
from pathlib import Path

import pytest

from gateway.edge.tls_transport import MAX_RECORDS_WITHOUT_CONTENT, RECORDS_PER_TURN
from tests.support.harness.certificates import client_context
from tests.support.harness.tls_key_updates import KeyUpdates
from tests.unit.gateway.edge.wired import Wired


class Keys(Wired):
    """With a client that changes its keys."""

    def __init__(self, context: ssl.SSLContext, directory: Path) -> None:
        client = client_context()
        client.keylog_filename = str(directory / "keys")
        super().__init__(context, client)
        self.updates = KeyUpdates(self.client.tls, directory / "keys")


def test_one_turn_has_no_more_records_whether_they_have_content_or_not(
    context: ssl.SSLContext, tmp_path: Path
) -> None:
    keys = Keys(context, tmp_path)
    updates = b"".join(keys.updates.key_update() for _ in range(RECORDS_PER_TURN * 5))
    keys.transport.data_received(updates + keys.updates.record(b"after them"))
    for _ in range(5):
        assert (keys.received, keys.below.reading) == (b"", False)
        keys.loop.turn()
    assert (keys.received, keys.below.reading) == (b"after them", True)


@pytest.mark.parametrize("requested", [False, True])
def test_a_client_that_sends_nothing_but_changes_of_its_keys_is_cut_off(
    context: ssl.SSLContext, tmp_path: Path, requested: bool
) -> None:
    keys = Keys(context, tmp_path)
    for _ in range(MAX_RECORDS_WITHOUT_CONTENT):
        keys.transport.data_received(keys.updates.key_update(requested=requested))
    assert not keys.below.aborted
    keys.transport.data_received(keys.updates.key_update(requested=requested))
    assert (keys.below.aborted, keys.below.closed) == (True, False)


def test_after_an_end_of_writing_keys_are_changed_and_nothing_is_said_of_it(
    context: ssl.SSLContext, tmp_path: Path
) -> None:
    keys = Keys(context, tmp_path)
    keys.transport.write_eof()
    keys.sent()
    keys.transport.data_received(keys.updates.key_update(requested=True) + keys.updates.record(b"more"))
    assert (keys.received, keys.sent()) == (b"more", b"")


def test_a_client_that_changes_its_keys_now_and_then_goes_on(context: ssl.SSLContext, tmp_path: Path) -> None:
    """However often in all, and however its records come."""
    keys = Keys(context, tmp_path)
    for _ in range(30):
        for _ in range(MAX_RECORDS_WITHOUT_CONTENT):
            keys.transport.data_received(keys.updates.key_update())
        record = keys.updates.record(b"x" * 100)
        for at in range(0, len(record), 2):
            keys.transport.data_received(record[at : at + 2])
    assert len(keys.received) == 30 * 100
    assert not keys.below.aborted
