"""`make up` as a newcomer meets it: it starts, tells how to use it, comes back from a kill, and keeps its data.

And wherever the checkout is: Jenkins writes `ws_feature%2Fx`, people write their language, and blanks.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from deploy.local.health import all_readiness
from deploy.local.ports import is_free, loopback_addresses
from deploy.local.stack import DEPLOYABLES, STORE_PORTS, Stack
from shared.release import RELEASE
from tests.support.harness.local_stack import LocalStack, local_stack

pytestmark = pytest.mark.timeout(240)

SECRETS = re.compile(r"pg(?:at|ak|cs|ad)_[0-9A-Za-z]{49}")


CHECKOUT = "é ü 日本 ws_feature%2Fx 'q' \"$HOME\""


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    # The locale C is the one in which such a path is not simply text.
    with local_stack(CHECKOUT, LC_ALL="C") as created:
        yield created


@pytest.fixture(scope="module")
def shown(stack: LocalStack) -> str:
    """What `up` writes to the terminal."""
    done = stack.up()
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def until_ready(stack: LocalStack, limit: float) -> None:
    deployed = Stack(stack.var, stack.environment)
    urls = {d.name: deployed.health_url(d) for d in DEPLOYABLES}
    deadline = time.monotonic() + limit
    while any((reasons := asyncio.run(all_readiness(urls))).values()):
        assert time.monotonic() < deadline, reasons
        time.sleep(0.1)


def test_up_in_a_path_of_any_characters_shows_a_tour_that_works(stack: LocalStack, shown: str) -> None:
    values = stack.values()
    assert values["GATEWAY_URL"] in shown
    assert f"Authorization: Bearer {values['ADMIN_TOKEN']}" in shown
    tour = shown[shown.index("# 1. ") : shown.index("It goes on in the background")]
    walked = subprocess.run(["bash", "-eu"], input=tour, cwd=stack.root, capture_output=True, text=True, timeout=60)
    assert walked.returncode == 0, walked.stderr
    assert '{"valid":true,"message":"Token is valid"}' in walked.stdout
    assert walked.stdout.count("plan.dwg") == 2, walked.stdout
    assert "error" not in walked.stdout, walked.stdout


def test_no_secret_that_was_used_is_in_a_log(stack: LocalStack, shown: str) -> None:
    written = "".join(log.read_text(errors="replace") for log in (stack.var / "log").iterdir())
    assert "request" in written
    secrets = [
        value for name, value in stack.values().items() if name in ("API_TOKEN", "ACCESS_KEY", "CLIENT_SECRET")
    ]
    secrets += [path.read_text().strip() for path in (stack.var / "secrets").iterdir() if path.is_file()]
    assert [secret for secret in secrets if secret in written] == []
    assert SECRETS.findall(written) == []


def test_what_holds_secrets_is_the_owners_alone(stack: LocalStack, shown: str) -> None:
    for name in ("demo.env", "demo_private_key.pem", "secrets/master_key"):
        assert (stack.var / name).stat().st_mode & 0o077 == 0
    assert (stack.var / "secrets").stat().st_mode & 0o077 == 0


def test_only_the_local_machine_is_listened_to(stack: LocalStack, shown: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used
        own = probe.getsockname()[0]
    for name, port in stack.environment.items():
        if name.startswith("PASSGATE_") and name.endswith("_PORT"):
            with socket.socket() as outside, pytest.raises(ConnectionRefusedError):
                outside.connect((own, int(port)))


def test_status_shows_that_all_is_ready(stack: LocalStack, shown: str) -> None:
    done = stack.run("status")
    assert done.returncode == 0
    assert f"Passgate {RELEASE}" in done.stdout
    assert done.stdout.count(" ready") == len(DEPLOYABLES) + len(STORE_PORTS), done.stdout


def test_a_second_up_leaves_the_first_alone(stack: LocalStack, shown: str) -> None:
    before = stack.running()
    done = stack.up()
    assert done.returncode == 1
    assert "up already" in done.stdout
    assert stack.running() == before


def test_status_from_a_shell_with_other_ports_shows_the_stack_that_runs(stack: LocalStack, shown: str) -> None:
    done = stack.run("status", PASSGATE_GATEWAY_PORT="1", PASSGATE_KEY_REGISTRY_PORT="2")
    assert done.returncode == 0, done.stdout
    assert stack.values()["GATEWAY_URL"] in done.stdout


def test_a_command_runs_with_the_environment_of_the_stack(stack: LocalStack, shown: str) -> None:
    done = stack.run("run", "python -m services.key_registry verify-audit")
    assert (done.returncode, done.stdout[:25]) == (0, "the audit trail is intact"), done.stdout + done.stderr


def test_both_loopback_addresses_are_listened_to_where_there_are_two(stack: LocalStack, shown: str) -> None:
    for address in loopback_addresses():
        with socket.create_connection((address, int(stack.environment["PASSGATE_GATEWAY_PORT"])), timeout=5):
            pass


@dataclass(frozen=True)
class Again:
    """A stack that was stopped in order, lost its demo file and was started again."""

    before: dict[str, str]
    """The values of the demo file that was lost."""
    alive: list[str]
    """The processes that the stop left."""
    dropped: list[str]
    """The logs in which the stop lost lines of the audit trail."""
    values: dict[str, str]


@pytest.fixture(scope="module")
def again(stack: LocalStack, shown: str) -> Again:
    before, running, logs = stack.values(), stack.running(), stack.var / "log"
    written = {log: log.stat().st_size for log in logs.iterdir()}
    send_what_is_refused(before)
    done = stack.run("down")
    assert done.returncode == 0, done.stdout
    alive = [name for name, process in running.items() if process.alive()]
    dropped = [log.name for log, size in written.items() if b"audit.events_dropped" in log.read_bytes()[size:]]
    (stack.var / "demo.env").unlink()
    done = stack.up()
    assert done.returncode == 0, done.stdout
    return Again(before, alive, dropped, stack.values())


def send_what_is_refused(values: dict[str, str]) -> None:
    """What strangers send is counted in memory until the minute is over."""
    gateway, junk = values["GATEWAY_URL"], uuid.uuid4().hex
    requests.get(f"{gateway}/v2.0/site", headers={"Authorization": f"Bearer {junk}"}, timeout=10)
    requests.post(f"{gateway}/auth/token", {"grant_type": "client_credentials"}, auth=(junk, junk), timeout=10)
    requests.get(f"{gateway}/verify", headers={"x-api-token": junk}, timeout=10)
    query = {"token": junk, "applicationPrefix": "SMS", "clientPrefix": "blabla"}
    requests.get(f"{gateway}/OKIT.Operator.Api/api/tokenvalidator", query, timeout=10)


def test_down_stops_everything(again: Again) -> None:
    assert again.alive == []


def test_an_orderly_stop_loses_no_audit_line_of_any_service(again: Again) -> None:
    assert again.dropped == []
    found = requests.get(
        f"{again.values['REGISTRY_URL']}/admin/v1/audit",
        {"action": "refusals.counted", "limit": "100"},
        headers={"Authorization": f"Bearer {again.values['ADMIN_TOKEN']}"},
        timeout=10,
    )
    actors = {line["actor"] for line in found.json()["items"]}
    assert actors >= {f"service:{n}" for n in ("gateway", "token_issuer", "session_tokens", "operator_validator")}


def test_a_lost_demo_file_means_new_credentials_for_the_same_company(again: Again) -> None:
    assert again.values["COMPANY_URI"] == again.before["COMPANY_URI"]
    assert again.values["API_TOKEN"] != again.before["API_TOKEN"]


def test_after_a_killed_supervisor_the_next_up_ends_what_it_left_and_keeps_the_data(
    stack: LocalStack, shown: str
) -> None:
    values, left = stack.values(), stack.running()
    os.kill(left.pop("supervisor").pid, signal.SIGKILL)
    assert all(process.alive() for process in left.values())
    done = stack.up()
    assert done.returncode == 0, done.stdout
    assert "left over" in done.stdout
    assert not any(process.alive() for process in left.values())
    assert stack.values() == values


def test_what_could_not_be_recorded_is_stopped_all_the_same(stack: LocalStack, shown: str) -> None:
    """The disk is full when a process is started again, and the supervisor is killed before it has room."""
    unwritable = stack.var / "run" / "stack.new"
    unwritable.mkdir()
    try:
        killed = stack.running()["session_tokens"]
        killed.end(grace=5)
        until_ready(stack, 30)
        recorded = stack.running()
        assert "session_tokens" not in recorded
        os.kill(recorded["supervisor"].pid, signal.SIGKILL)
        assert recorded["supervisor"].wait(5)
        port = int(stack.environment["PASSGATE_SESSION_TOKENS_PORT"])
        assert not is_free(port)
        done = stack.run("down")
        assert done.returncode == 0, done.stdout
        assert is_free(port)
    finally:
        unwritable.rmdir()


def test_a_taken_port_is_named_with_who_has_it(stack: LocalStack, shown: str) -> None:
    assert stack.run("down").returncode == 0  # also where nothing runs
    port = int(stack.environment["PASSGATE_TOKEN_ISSUER_PORT"])
    assert is_free(port)
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        refused = stack.run("up")
    assert refused.returncode == 1
    assert f"port {port} is taken" in refused.stdout
    assert f"pid {os.getpid()}" in refused.stdout
    assert "PASSGATE_TOKEN_ISSUER_PORT" in refused.stdout
