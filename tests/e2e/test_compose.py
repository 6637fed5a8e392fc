"""The stack of docker-compose.yml, built and started for real, used from outside as a newcomer would.

Skipped unless PASSGATE_TEST_COMPOSE=1: it takes minutes, a Docker engine, and the images that the stack is made of.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from deploy.generate_secrets import SERVICES
from deploy.local.ports import is_free
from deploy.variables import read_variables
from tests.support.free_port import free_port
from tests.support.harness.certificates import NAME, CertificateFiles, client_context, write_certificate

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.skipif(
        os.environ.get("PASSGATE_TEST_COMPOSE") != "1",
        reason="builds images and starts containers: set PASSGATE_TEST_COMPOSE=1 where a Docker engine answers",
    ),
    pytest.mark.timeout(900),
]


class ComposeStack:
    """A project of its own, on free ports, with images of its own tag."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.routes = ROOT / "routes" / "mine.yaml"
        self.routes.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "deploy" / "routes.yaml", self.routes)
        self.gateway, self.admin = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": f"passgate-test-{secrets.token_hex(4)}",
            "PASSGATE_VERSION": "test",
            "PASSGATE_GATEWAY_PORT": self.gateway.rpartition(":")[2],
            "PASSGATE_GATEWAY_OPS_PORT": str(free_port()),
            "PASSGATE_KEY_REGISTRY_PORT": self.admin.rpartition(":")[2],
            "PASSGATE_TRUSTED_PROXIES": "192.0.2.0/24",
            "PASSGATE_ROUTES_FILE": "routes/mine.yaml",
        }

    def run(self, *arguments: str, limit: float = 120) -> str:
        """`docker compose` with these arguments: its standard output."""
        return self.shell(["docker", "compose", *arguments], limit=limit)

    def shell(self, argv: list[str], limit: float = 120) -> str:
        done = subprocess.run(
            argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=limit, check=False
        )
        assert done.returncode == 0, f"{argv[:4]}: {done.stderr[-4000:]}{done.stdout[-2000:]}"
        return done.stdout

    def up(self) -> None:
        """Return when every service is ready and the demo has been seeded."""
        self.run("up", "--detach", "--build", limit=800)
        try:
            self.run("wait", "demo", limit=300)
        except AssertionError as error:
            raise AssertionError(self.run("logs", "--tail", "20")) from error

    def remove(self) -> None:
        """Take it down with its volumes, and remove the images that were built for it."""
        built = [image for image in self.run("config", "--images").split() if image.startswith("passgate/")]
        self.run("down", "--volumes", "--timeout", "20", limit=300)
        self.shell(["docker", "rmi", "--force", *sorted(set(built))])
        self.routes.unlink()

    def demo(self) -> dict[str, str]:
        file = self.folder / "demo.env"
        self.run("cp", "demo:/demo/demo.env", str(file))
        return read_variables(file)

    def containers(self) -> dict[str, dict[str, Any]]:
        """What `docker compose ps` tells of each service's container."""
        lines = self.run("ps", "--all", "--format", "json").splitlines()
        return {entry["Service"]: entry for entry in map(json.loads, lines)}

    def inspect(self, service: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(
            self.shell(["docker", "inspect", self.containers()[service]["ID"]])
        )
        return found[0]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    stack = ComposeStack(tmp_path_factory.mktemp("compose"))
    try:
        stack.up()
        yield stack
    finally:
        stack.remove()


def eventually(condition: Any, limit: float = 120.0) -> float:
    """Seconds until `condition()` holds; fails past `limit`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < limit, f"not within {limit} s"
        time.sleep(0.1)
    return time.monotonic() - started


def validates(stack: ComposeStack, values: dict[str, str]) -> bool:
    """Whether the operator calls the demo's API token valid."""
    response = requests.get(
        f"{stack.gateway}/OKIT.Operator.Api/api/tokenvalidator",
        params={"applicaiontPrefix": values["APPLICATION_PREFIX"], "clientPrefix": values["CLIENT_PREFIX"]},
        headers={"X-Api-Token": values["API_TOKEN"]},
        timeout=5,
    )
    return response.status_code == 200 and response.json() == {"valid": True, "message": "Token is valid"}


def test_the_tour_that_the_demo_prints_runs_as_it_is_pasted(stack: ComposeStack) -> None:
    printed = stack.run("logs", "--no-log-prefix", "demo")
    commands = printed[printed.index("# 1.") :]
    output = stack.shell(["bash", "-euo", "pipefail", "-c", commands])
    assert '{"valid":true,"message":"Token is valid"}' in output
    assert '"drawing":"plan.dwg"' in output
    assert "problem" not in output
    assert not re.search(r'"status":[45]\d\d', output)


def test_every_service_is_healthy_and_every_step_that_runs_once_succeeded(stack: ComposeStack) -> None:
    deadline = time.monotonic() + 60  # of the last to start, Docker has not looked at the health yet
    while any(container["Health"] == "starting" for container in stack.containers().values()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for name, container in stack.containers().items():
        if name in (*SERVICES, "postgres", "valkey"):
            assert (container["State"], container["Health"]) == ("running", "healthy"), name
        else:
            assert (container["State"], container["ExitCode"]) == ("exited", 0), name


def test_the_gateway_is_compiled_where_the_build_was_asked_for_it_and_nothing_else_is(stack: ComposeStack) -> None:
    asked = stack.environment.get("PASSGATE_COMPILED") == "1"
    for name in SERVICES:
        lines = stack.run("logs", "--no-log-prefix", name).splitlines()
        started = [json.loads(line) for line in lines if '"server.listening"' in line]
        assert {line["compiled"] for line in started} == {asked and name == "gateway"}, name


def test_only_the_public_port_is_published_beyond_this_machine(stack: ComposeStack) -> None:
    published = {
        (name, publisher["TargetPort"], publisher["URL"])
        for name, container in stack.containers().items()
        for publisher in container["Publishers"] or ()
        if publisher["PublishedPort"] and publisher["URL"] != "::"
    }
    assert published == {
        ("gateway", 8080, "0.0.0.0"),
        ("gateway", 8081, "127.0.0.1"),
        ("key_registry", 8101, "127.0.0.1"),
        ("console", 8106, "127.0.0.1"),
    }


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_unprivileged_and_cannot_write_to_its_image(stack: ComposeStack, name: str) -> None:
    shown = stack.run("exec", "-T", name, "sh", "-c", "id -u; touch /app/x 2>&1 || grep CapEff /proc/1/status")
    assert shown.splitlines()[0] == "10001"
    assert "Read-only file system" in shown
    assert shown.split()[-1] == "0" * 16


def test_no_secret_stands_in_a_command_line_an_environment_or_a_log(stack: ComposeStack) -> None:
    values = stack.demo()
    handed = stack.run("exec", "-T", "token_issuer", "sh", "-c", "cat /secrets/*_password /secrets/master_key")
    known = {values[name] for name in ("ADMIN_TOKEN", "API_TOKEN", "ACCESS_KEY", "CLIENT_SECRET")} | set(
        handed.split()
    )
    assert len(known) == 7
    for name in stack.containers():
        inspected = json.dumps(stack.inspect(name)) + (stack.run("logs", name) if name != "demo" else "")
        assert not [secret for secret in known if secret in inspected], name
        if name in (*SERVICES, "postgres", "valkey"):
            running = stack.run(
                "exec", "-T", name, "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/1/environ | tr '\\0' ' '"
            )
            assert not [secret for secret in known if secret in running], name


def test_the_owners_token_is_not_in_the_demos_log_but_where_the_log_says(stack: ComposeStack) -> None:
    printed = stack.run("logs", "--no-log-prefix", "demo")
    token = stack.demo()["ADMIN_TOKEN"]
    assert token not in printed
    command = next(line for line in printed.splitlines() if line.startswith("The owner's admin token: "))
    assert stack.shell(["bash", "-c", command.partition(": ")[2].replace("exec", "exec -T")]).strip() == token


def test_the_published_ports_are_those_that_everything_says(stack: ComposeStack) -> None:
    values = stack.demo()
    assert (values["GATEWAY_URL"], values["REGISTRY_URL"]) == (stack.gateway, stack.admin)
    metadata = requests.get(f"{stack.gateway}/.well-known/oauth-authorization-server", timeout=5).json()
    assert metadata["issuer"] == stack.gateway
    assert metadata["token_endpoint"].startswith(stack.gateway)


def test_an_operators_setting_reaches_the_process(stack: ComposeStack) -> None:
    environment = stack.run("exec", "-T", "gateway", "sh", "-c", "tr '\\0' '\\n' </proc/1/environ").splitlines()
    assert "PASSGATE_TRUSTED_PROXIES=192.0.2.0/24" in environment
    assert "PASSGATE_AUDIENCE" not in "".join(environment)


def test_a_route_file_of_ones_own_is_taken_up_when_an_editor_replaces_it(stack: ComposeStack) -> None:
    url = f"{stack.gateway}/hello/x"
    assert requests.get(url, timeout=5).status_code == 404
    text = stack.routes.read_text(encoding="utf-8")
    edited = stack.routes.with_name(".mine.yaml.swp")
    route = "name: hello, prefix: /hello, methods: any, credential: jwt, scopes: [], upstream: sample_resources"
    edited.write_text(f"{text}\n  - {{{route}}}\n", encoding="utf-8")
    edited.replace(stack.routes)
    eventually(lambda: requests.get(url, timeout=5).status_code == 401)


def test_two_gateways_run_on_a_range_of_ports(stack: ComposeStack) -> None:
    one = dict(stack.environment)
    public, operations = free_range(), free_range()
    stack.environment |= {
        "PASSGATE_GATEWAY_PORT": f"{public}-{public + 1}",
        "PASSGATE_GATEWAY_OPS_PORT": f"{operations}-{operations + 1}",
        "PASSGATE_ISSUER": stack.gateway,
    }
    try:
        stack.run("up", "--detach", "--no-deps", "--scale", "gateway=2", "gateway", limit=300)
        for port in (public, public + 1):
            eventually(partial(is_served, f"http://127.0.0.1:{port}/health/live"))
    finally:
        stack.environment = one
        stack.run("up", "--detach", "--no-deps", "--scale", "gateway=1", "gateway", limit=300)
        eventually(partial(is_served, f"{stack.gateway}/health/live"))


def test_tls_proxy_headers_and_the_decision_port_are_reached_by_settings_alone(stack: ComposeStack) -> None:
    """The files are in the folder of the route file; what is before the gateway is in networks of Docker's."""
    files = write_certificate(stack.routes.parent)
    files.key.chmod(0o644)
    one = dict(stack.environment)
    networks = "172.16.0.0/12,192.168.0.0/16,10.0.0.0/8"
    stack.environment |= {
        "PASSGATE_TLS_CERTIFICATE_FILE": "routes/tls.crt",
        "PASSGATE_TLS_KEY_FILE": "routes/tls.key",
        "PASSGATE_PROXY_PROTOCOL_FROM": networks,
        "PASSGATE_TRUSTED_PROXIES": networks,
        "PASSGATE_DECISION_PORT": "8082",
        "PASSGATE_ISSUER": stack.gateway.replace("http:", "https:"),
    }
    try:
        stack.run("up", "--detach", "--no-deps", "gateway", limit=300)
        eventually(lambda: status_behind_balancer(stack, files) == 401)
        logged = stack.run("logs", "--no-log-prefix", "gateway").splitlines()
        lines = [json.loads(line) for line in logged if '"event":"request"' in line]
        assert (lines[-1]["client"], lines[-1]["status"]) == ("203.0.113.7", 401)
        question = (
            "import urllib.request as u, urllib.error as e\n"
            "r = u.Request('http://gateway:8082/forward-auth', headers={'X-Forwarded-Method': 'GET',"
            " 'X-Forwarded-Uri': '/v2.0/site', 'X-Forwarded-Host': 'a', 'X-Forwarded-For': '203.0.113.9'})\n"
            "try: print(u.urlopen(r, timeout=5).status)\n"
            "except e.HTTPError as error: print(error.code, error.headers['WWW-Authenticate'])"
        )
        assert stack.run("exec", "-T", "key_registry", "python", "-c", question).split() == ["401", "Bearer"]
    finally:
        stack.environment = one
        stack.run("up", "--detach", "--no-deps", "gateway", limit=300)
        eventually(partial(is_served, f"{stack.gateway}/health/live"))
        for file in (files.certificate, files.key):
            file.unlink()


def status_behind_balancer(stack: ComposeStack, files: CertificateFiles) -> int:
    """Of a call without a credential, over TLS, on a connection that a balancer passes on; 0 for none."""
    port = int(stack.gateway.rpartition(":")[2])
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n")
            with client_context(files).wrap_socket(connection, server_hostname=NAME) as tls:
                tls.sendall(b"GET /v2.0/site HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n")
                return int(tls.recv(4096).split()[1])
    except (OSError, IndexError):
        return 0


def free_range() -> int:
    """A port that is free together with the next one."""
    while not is_free((port := free_port()) + 1):
        pass
    return port


def is_served(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.skipif(os.geteuid() != 0, reason="killing a container's process from outside takes root")
@pytest.mark.parametrize("name", ["key_registry", "valkey", "postgres", "gateway"])
def test_a_killed_process_comes_back_and_the_stack_with_it(stack: ComposeStack, name: str) -> None:
    values = stack.demo()
    before = stack.inspect(name)["State"]["Pid"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: stack.inspect(name)["State"]["Pid"] not in (0, before))
    eventually(lambda: reachable(stack, values))


def reachable(stack: ComposeStack, values: dict[str, str]) -> bool:
    """Whether a token is issued and a session made: between them they need every service and both stores."""
    try:
        token = requests.post(
            f"{stack.gateway}/auth/token",
            auth=(values["CLIENT_KEY"], values["CLIENT_SECRET"]),
            data={"grant_type": "client_credentials"},
            timeout=5,
        )
        session = requests.post(
            f"{stack.gateway}/generate", headers={"x-api-key": values["ACCESS_KEY"]}, json={"a": 1}, timeout=5
        )
        return (token.status_code, session.status_code) == (200, 200) and validates(stack, values)
    except requests.RequestException:
        return False


def test_what_was_made_is_still_valid_after_the_stack_was_taken_down_and_started_again(stack: ComposeStack) -> None:
    before = stack.demo()
    stack.run("down", "--timeout", "20", limit=300)
    stack.up()
    assert stack.demo() == before
    assert reachable(stack, before)
