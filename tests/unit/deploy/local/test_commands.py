"""What `make run` gives a command, and which stack `status` looks at."""

import io
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from deploy.cli.database.tools import of_stack
from deploy.cli.operations.deployables import run_command
from deploy.cli.outcome import WrongUsage
from deploy.errors import StackError
from deploy.local import checkout, commands
from deploy.local.checkout import code_of_checkout
from deploy.local.commands import as_it_runs, command_environment, require_database_for, status
from deploy.local.report import Report
from deploy.local.runfile import RunFile, Started
from deploy.local.stack import Stack, port_variables
from shared.release import RELEASE


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("python -m services.key_registry verify-audit", "key_registry"),
        ("python -m services.token_issuer rotate-signing-key | tee log", "token_issuer"),
        ("cd x; python3 -mgateway check-routes deploy/routes.yaml", "gateway"),
    ],
)
def test_a_deployables_command_gets_the_environment_of_that_deployable(
    tmp_path: Path, command: str, key: str
) -> None:
    environment = command_environment(command, Stack(tmp_path, {}))
    assert environment["PASSGATE_SERVICE_KEY_FILE"].endswith(f"/{key}.pem")


def test_any_other_command_gets_the_addresses_and_the_demos_values_but_no_ones_key(tmp_path: Path) -> None:
    (tmp_path / "demo.env").write_text("CLIENT_KEY=pgck_x\n")
    environment = command_environment("curl $GATEWAY_URL", Stack(tmp_path, {"PASSGATE_GATEWAY_PORT": "9080"}))
    assert environment["CLIENT_KEY"] == "pgck_x"
    assert environment["PASSGATE_GATEWAY_URL"] == "http://127.0.0.1:9080"
    assert "PASSGATE_SERVICE_KEY_FILE" not in environment
    assert "PASSGATE_MASTER_KEY_FILE" not in environment


def test_what_runs_is_looked_at_where_it_was_started_and_not_where_this_shell_would_start_it(
    tmp_path: Path,
) -> None:
    run_file = RunFile(tmp_path)
    started = Stack(tmp_path, {"PASSGATE_GATEWAY_PORT": "9080", "PASSGATE_REDIS_URL": "redis://:s@cache:1/0"})
    run_file.write({"supervisor": Started.of(os.getpid())}, started.layout())
    seen = Stack(tmp_path, as_it_runs({"PASSGATE_GATEWAY_PORT": "7"}, run_file))
    assert (seen.port("gateway"), seen.store_address("valkey")) == (9080, "cache:1")
    given = as_it_runs({"PASSGATE_REDIS_URL": "redis://:s@cache:1/0"}, run_file)
    assert given["PASSGATE_REDIS_URL"] == "redis://:s@cache:1/0"


def test_another_stack_on_its_ports_is_not_shown_as_one_that_is_not_running(tmp_path: Path) -> None:
    out = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        stack = Stack(tmp_path, {"PASSGATE_GATEWAY_PORT": str(port)})
        assert status(stack, RunFile(tmp_path / "run"), Report(out)) == 1
    assert f"Nothing of {tmp_path} is running" in out.getvalue()
    assert f"port {port} (PASSGATE_GATEWAY_PORT) is taken by " in out.getvalue()


def test_status_shows_which_code_runs_and_that_the_checkout_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_file, supervisor = RunFile(tmp_path / "run"), {"supervisor": Started.of(os.getpid())}
    run_file.path.parent.mkdir()
    code = code_of_checkout()
    assert code == RELEASE or re.fullmatch(rf"{re.escape(RELEASE)}, commit [0-9a-f]{{12}}(-dirty)?", code)
    monkeypatch.setattr(commands, "code_of_checkout", lambda: code)
    for running, says in ((code, False), (f"{RELEASE}, commit 0123456789ab", True), ("", False)):
        out = io.StringIO()
        run_file.write(supervisor, Stack(tmp_path, ports()).layout(), running)
        assert status(Stack(tmp_path, ports()), run_file, Report(out)) == 1
        assert (f"Passgate {running}\n" in out.getvalue()) == bool(running)
        assert (f"The checkout has {code} now" in out.getvalue()) == says


def ports() -> dict[str, str]:
    """On which nothing listens."""
    return {name: str(number) for number, name in enumerate(port_variables(), 1)}


def test_a_project_that_was_unpacked_in_another_repository_has_no_commit_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "passgate").mkdir()
    monkeypatch.setattr(checkout, "ROOT", tmp_path / "passgate")
    assert code_of_checkout() == RELEASE
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    assert code_of_checkout() == RELEASE, "one without a commit"


@pytest.mark.parametrize("verb", ["check-history", "verify-audit"])
def test_what_reads_the_database_of_a_stack_that_is_down_says_to_bring_it_up(tmp_path: Path, verb: str) -> None:
    command, run_file = f"python -m services.key_registry {verb}", RunFile(tmp_path / "run")
    with pytest.raises(StackError, match=r"not running.*`make up` first"):
        require_database_for(command, Stack(tmp_path, {}), run_file)
    require_database_for(f"{command} --file x.jsonl", Stack(tmp_path, {}), run_file)
    require_database_for(command, Stack(tmp_path, {"PASSGATE_DATABASE_URL": "postgresql://db/x"}), run_file)
    run_file.path.parent.mkdir()
    run_file.write({"postgres": Started.of(os.getpid())})
    require_database_for(command, Stack(tmp_path, {}), run_file)


def test_a_backup_and_an_audit_of_a_stack_that_is_down_say_to_bring_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "database_password").write_text("s")
    monkeypatch.setenv("PASSGATE_VAR", str(tmp_path))
    monkeypatch.delenv("PASSGATE_DATABASE_URL", raising=False)
    with pytest.raises(WrongUsage, match="`make up` first"):
        of_stack({"PASSGATE_VAR": str(tmp_path)})
    with pytest.raises(WrongUsage, match="`make up` first"):
        run_command("services.key_registry", "verify-audit")
