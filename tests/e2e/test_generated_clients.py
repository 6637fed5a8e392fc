"""`make test-clients`: clients that openapi-python-client makes of our documents are whole, typed, and work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from deploy.sign_assertion import sign_assertion
from tests.support.harness.stack import Stack
from tests.support.openapi_documents import public_documents

pytest.importorskip("openapi_python_client", reason="make test-clients")
pytestmark = pytest.mark.timeout(240)

FLOWS = Path(__file__).parent / "clients" / "flows.py"
GIVEN = (
    *("GATEWAY_URL", "API_TOKEN", "CLIENT_PREFIX", "APPLICATION_PREFIX", "ACCESS_KEY", "CLIENT_KEY"),
    "CLIENT_SECRET",
)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package for each document."""
    folder = tmp_path_factory.mktemp("clients")
    for name, document in public_documents().items():
        path, config, package = folder / f"{name}.json", folder / f"{name}.config", f"passgate_{name}"
        path.write_text(json.dumps(document), encoding="utf-8")
        config.write_text(json.dumps({"package_name_override": package, "post_hooks": []}), encoding="utf-8")
        options: tuple[str | Path, ...] = (
            "--meta",
            "none",
            "--fail-on-warning",
            "--config",
            config,
            "--output-path",
            folder / package,
        )
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            "--path",
            path,
            *options,
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_each_generated_client_and_what_uses_it_is_typed(clients: Path) -> None:
    packages = [clients / f"passgate_{name}" for name in public_documents()]
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file",
        os.devnull,
        FLOWS,
        *packages,
    ]
    environment = {**os.environ, "MYPYPATH": str(clients)}
    done = subprocess.run(command, cwd=clients, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout


def test_the_four_flows_work_by_generated_clients(clients: Path, stack: Stack) -> None:
    values = stack.values
    private_key = Path(values["PRIVATE_KEY_FILE"]).read_text(encoding="ascii")
    assertion = sign_assertion(private_key, values["KEY_ID"], values["COMPANY_URI"], ["website:read:*"])
    environment = {name: values[name] for name in GIVEN}
    environment |= {"ASSERTION": assertion, "PYTHONPATH": str(clients), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, str(FLOWS)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
