"""What `make run` gives a command, and which stack `status` looks at."""

import os
from pathlib import Path

import pytest

from deploy.local.commands import as_it_runs, command_environment
from deploy.local.runfile import RunFile, Started
from deploy.local.stack import Stack


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
