"""The README's clients and its table of token endpoints: what a reader does with them works."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from deploy.sign_assertion import sign_assertion
from tests.support.harness.stack import Stack

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(/[a-z0-9/]+)` \| ((?:`[a-z_-]+`(?:, )?)+) \|", re.MULTILINE)


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def run_in_the_shell_of_the_tour(stack: Stack, directory: Path, language: str, command: str) -> str:
    """`command`, as the README has it, beside the file that it names, with the variables of `demo.env` alone."""
    assert f"`{command}`" in README
    (directory / command.split()[-1]).write_text(block(language), encoding="utf-8")
    done = subprocess.run(
        ["sh", "-c", f". {stack.demo_env}; {command}"],
        cwd=directory, env={"PATH": "/usr/local/bin:/usr/bin:/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_python_client_gets_a_token_and_calls_with_it(stack: Stack, tmp_path: Path) -> None:
    assert run_in_the_shell_of_the_tour(stack, tmp_path, "python", "python3 client.py") == "blabla"


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node here")
def test_the_node_client_gets_a_token_and_calls_with_it(stack: Stack, tmp_path: Path) -> None:
    assert run_in_the_shell_of_the_tour(stack, tmp_path, "js", "node client.mjs") == "blabla"


def test_each_token_endpoint_takes_the_grants_of_the_readmes_table_and_no_other(stack: Stack) -> None:
    values = stack.values
    table = {endpoint: set(re.findall("`(.*?)`", grants)) for endpoint, grants in ROW.findall(README)}
    assert table.keys() == {"/oauth2/token", "/auth/token", "/iam/oauth/token"}
    for endpoint, grants in table.items():
        private_key = Path(values["PRIVATE_KEY_FILE"]).read_text(encoding="ascii")
        assertion = sign_assertion(private_key, values["KEY_ID"], values["COMPANY_URI"], ["website:read:*"])
        client, url = (values["CLIENT_KEY"], values["CLIENT_SECRET"]), f"{stack.gateway}{endpoint}"
        bearer = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        responses = {
            "client_credentials": requests.post(url, {"grant_type": "client_credentials"}, auth=client, timeout=10),
            "jwt-bearer": requests.post(url, bearer, timeout=10),
        }
        for grant, response in responses.items():
            outcome = response.json().get("error", "issued")
            assert outcome == ("issued" if grant in grants else "unsupported_grant_type"), (endpoint, grant)
