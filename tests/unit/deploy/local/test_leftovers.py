"""The order in which the processes of a stack are stopped: what reports to another stops before it."""

import os

from deploy.local.leftovers import in_stop_order
from deploy.local.runfile import Started
from deploy.local.stack import DEPLOYABLES, STOP_WAVES, STORE_PORTS


def test_the_registry_takes_audit_lines_until_every_other_service_has_ended() -> None:
    wave = {name: number for number, names in enumerate(STOP_WAVES) for name in names}
    assert wave.keys() == {d.name for d in DEPLOYABLES} | STORE_PORTS.keys()
    others = {d.name for d in DEPLOYABLES} - {"key_registry"}
    assert all(wave[name] < wave["key_registry"] < wave[store] for name in others for store in STORE_PORTS)
    assert all(wave["gateway"] < wave[name] for name in others - {"gateway"})


def test_what_a_killed_supervisor_left_is_ended_in_the_same_order() -> None:
    left = [
        (name, Started.of(os.getpid())) for name in ("valkey", "key_registry", "migrate", "token_issuer", "gateway")
    ]
    assert [name for name, _ in in_stop_order(left)] == [
        "migrate", "gateway", "token_issuer", "key_registry", "valkey",
    ]  # fmt: skip
