"""What docker-compose.yml promises, read from the file itself: no engine is needed."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose.secrets import ALL, holders
from deploy.generate_secrets import SERVICES

ROOT = Path(__file__).resolve().parents[4]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
ENTRYPOINT_CAPABILITIES = {
    "postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
    "secrets": {"CHOWN"},
}
STORES = {"postgres", "valkey"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_can_write_only_to_its_volumes_and_gains_no_privilege(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert set(container.get("cap_add", ())) == ENTRYPOINT_CAPABILITIES.get(name, set())
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in container


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_bounded_in_memory_processes_and_logs(name: str) -> None:
    container = CONTAINERS[name]
    assert container["mem_limit"]
    assert container["pids_limit"] <= 200
    assert container["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


def test_every_deployable_runs_and_returns_after_a_crash() -> None:
    assert set(SERVICES) | STORES <= set(CONTAINERS)
    for name in (*SERVICES, *STORES):
        assert CONTAINERS[name]["restart"] == "unless-stopped"
        assert CONTAINERS[name]["stop_grace_period"]


def test_only_the_gateways_public_port_is_published_beyond_this_machine() -> None:
    published = {port: name for name, container in CONTAINERS.items() for port in container.get("ports", ())}
    beyond = {
        name: port.rpartition(":")[2] for port, name in published.items() if not port.startswith("127.0.0.1:")
    }
    assert beyond == {"gateway": "8080"}
    assert {port.rpartition(":")[2] for port in published} == {"8080", "8081", "8101"}


def test_no_value_of_a_secret_stands_in_the_file() -> None:
    for container in CONTAINERS.values():
        for variable, value in container.get("environment", {}).items():
            if any(word in variable for word in ("PASSWORD", "KEY_FILE", "TOKEN_FILE")):
                assert str(value).startswith("/secrets/")


def test_each_container_mounts_no_secrets_but_its_own_and_cannot_change_them() -> None:
    for name, container in CONTAINERS.items():
        if name == "secrets":
            continue
        owner = name.removeprefix("migrate_")
        mounted = [v for v in container.get("volumes", ()) if v.split(":")[0].endswith("secrets")]
        assert mounted == [f"{owner}_secrets:/secrets:ro"], name


def test_the_secrets_step_reaches_the_volume_of_every_holder() -> None:
    mounted = dict(volume.split(":") for volume in CONTAINERS["secrets"]["volumes"])
    assert {f"{name}_secrets" for name in holders()} | {"secrets", "demo"} == set(mounted)
    assert all(mounted[f"{name}_secrets"] == f"/secrets/{name}" for name in holders())
    assert mounted["secrets"] == f"/secrets/{ALL}"


@pytest.mark.parametrize("name", [*SERVICES, "migrate_key_registry", "migrate_token_issuer"])
def test_every_secret_that_a_service_reads_is_handed_to_it(name: str) -> None:
    read = {v for v in CONTAINERS[name]["environment"].values() if str(v).startswith("/secrets/")}
    handed = {f"/secrets/{file}" for file in holders()[name.removeprefix("migrate_")].files}
    assert read <= handed
    if name in SERVICES:
        assert handed == read


def test_the_stores_are_on_a_network_without_a_way_out_that_only_their_users_join() -> None:
    assert COMPOSE["networks"]["stores"] == COMPOSE["networks"]["services"] == {"internal": True}
    joined = {name for name, container in CONTAINERS.items() if "stores" in container.get("networks", ())}
    users = {
        n
        for n, c in CONTAINERS.items()
        if {"PASSGATE_DATABASE_URL", "PASSGATE_REDIS_URL"} & set(c.get("environment", {}))
    }
    assert joined == STORES | users
    assert all(CONTAINERS[store]["networks"] == ["stores"] for store in STORES)


def test_the_file_uses_nothing_that_compose_1_29_does_not_know() -> None:
    assert not {"name", "include", "configs", "secrets"} & set(COMPOSE)
    for container in CONTAINERS.values():
        assert not {"develop", "attach", "post_start", "pre_stop"} & set(container)
        assert "start_interval" not in container.get("healthcheck", {})
        for condition in container.get("depends_on", {}).values():
            assert set(condition) == {"condition"}
