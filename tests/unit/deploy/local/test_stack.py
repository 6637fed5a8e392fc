"""What each process is told, and what it is not."""

from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.local.stack import DEPLOYABLES, Stack

VAR = Path("/somewhere/var")


def environments(environment: dict[str, str]) -> dict[str, dict[str, str]]:
    stack = Stack(VAR, environment)
    return {d.name: stack.environment(d) for d in DEPLOYABLES}


def who_has(variable: str, environment: dict[str, str] | None = None) -> set[str]:
    return {name for name, reported in environments(environment or {}).items() if variable in reported}


def test_a_secret_reaches_only_the_process_that_needs_it() -> None:
    assert who_has("PASSGATE_ADMIN_TOKEN_FILE") == {"key_registry"}
    assert who_has("PASSGATE_MASTER_KEY_FILE") == {"token_issuer"}
    assert who_has("PASSGATE_DATABASE_PASSWORD_FILE") == {"key_registry", "token_issuer"}
    without_stores = {"sample_resources", "console"}
    assert who_has("PASSGATE_REDIS_PASSWORD_FILE") == {d.name for d in DEPLOYABLES} - without_stores


def test_a_secret_set_by_the_user_reaches_only_the_process_that_needs_it() -> None:
    given = {"PASSGATE_DATABASE_URL": "postgresql://u:p@db/x", "PASSGATE_MASTER_KEY_FILE": "/k"}
    assert who_has("PASSGATE_DATABASE_URL", given) == {"key_registry", "token_issuer"}
    assert who_has("PASSGATE_MASTER_KEY_FILE", given) == {"token_issuer"}


def test_each_process_has_a_key_of_its_own() -> None:
    keys = {reported["PASSGATE_SERVICE_KEY_FILE"] for reported in environments({}).values()}
    assert keys == {f"/somewhere/var/secrets/service_keys/{d.name}.pem" for d in DEPLOYABLES}


def test_the_rest_of_the_users_environment_stays_out() -> None:
    reported = environments(
        {"PATH": "/bin", "PASSGATE_LOG_LEVEL": "debug", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": "/"}
        | {"SSL_CERT_FILE": "/ca.pem"}
    )
    for environment in reported.values():
        assert (environment["PATH"], environment["SSL_CERT_FILE"]) == ("/bin", "/ca.pem")
        assert environment["PASSGATE_LOG_LEVEL"] == "debug"
        assert "AWS_SECRET_ACCESS_KEY" not in environment
        assert "PYTHONPATH" not in environment


def test_a_moved_port_is_where_everybody_looks() -> None:
    reported = environments({"PASSGATE_KEY_REGISTRY_PORT": "9101", "PASSGATE_GATEWAY_PORT": "9080"})
    assert reported["key_registry"]["PASSGATE_PORT"] == "9101"
    assert {e["PASSGATE_KEY_REGISTRY_URL"] for e in reported.values()} == {"http://127.0.0.1:9101"}
    assert {e["PASSGATE_ISSUER"] for e in reported.values()} == {"http://127.0.0.1:9080"}


@pytest.mark.parametrize("value", ["0", "65536", "80 ", "http", "-1", "٨٠"])
def test_a_port_that_is_none_is_refused_by_name(value: str) -> None:
    with pytest.raises(StackError, match="PASSGATE_VALKEY_PORT"):
        Stack(VAR, {"PASSGATE_VALKEY_PORT": value})


def test_a_store_of_the_users_own_is_not_embedded_and_shown_without_its_password() -> None:
    stack = Stack(VAR, {"PASSGATE_REDIS_URL": "redis://:secret@cache.example:6380/0"})
    assert not stack.embeds("valkey")
    assert stack.embeds("postgres")
    assert stack.store_address("valkey") == "cache.example:6380"
    assert "PASSGATE_VALKEY_PORT" not in stack.listening()


def test_two_ports_that_are_the_same_are_refused_naming_both() -> None:
    with pytest.raises(StackError, match=r"PASSGATE_TOKEN_ISSUER_PORT.*PASSGATE_GATEWAY_PORT"):
        Stack(VAR, {"PASSGATE_GATEWAY_PORT": "8102"})


def test_a_gateway_that_speaks_tls_is_where_everybody_looks_by_https() -> None:
    given = {"PASSGATE_TLS_CERTIFICATE_FILE": "/tls/crt", "PASSGATE_TLS_KEY_FILE": "/tls/key"}
    for stack in (Stack(VAR, given), Stack(VAR, Stack(VAR, given).layout())):
        assert stack.url("gateway") == "https://127.0.0.1:8080"
        assert stack.url("gateway_ops") == "http://127.0.0.1:8081"
        gateway = next(deployable for deployable in DEPLOYABLES if deployable.name == "gateway")
        assert stack.environment(gateway)["PASSGATE_ISSUER"] == "https://127.0.0.1:8080"


def test_the_port_of_a_store_that_is_not_embedded_clashes_with_nothing() -> None:
    Stack(VAR, {"PASSGATE_REDIS_URL": "redis://cache.example", "PASSGATE_VALKEY_PORT": "8080"})


def test_the_layout_makes_the_same_stack_and_holds_no_password() -> None:
    layout = Stack(
        VAR, {"PASSGATE_REDIS_URL": "redis://:secret@cache.example:6380/0", "PASSGATE_GATEWAY_PORT": "9"}
    )
    again = Stack(VAR, layout.layout())
    assert again.layout() == layout.layout()
    assert again.store_address("valkey") == "cache.example:6380"
    assert "secret" not in str(layout.layout())


def test_a_variable_that_nothing_reads_is_reported_and_reaches_the_gateway_alone() -> None:
    given = {"PASSGATE_LOG_LEVLE": "debug", "PASSGATE_SAMPLE_RESOURCES_URL": "http://x"}
    assert Stack(VAR, given).unknown_settings() == [("PASSGATE_LOG_LEVLE", "PASSGATE_LOG_LEVEL")]
    assert who_has("PASSGATE_LOG_LEVLE", given) == {"gateway"}


def test_a_variable_of_the_route_file_is_no_mistake(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("upstreams: {hello: {url: '${PASSGATE_HELLO_URL}'}}")
    given = {"PASSGATE_HELLO_URL": "http://127.0.0.1:9000", "PASSGATE_ROUTES_FILE": str(routes)}
    assert Stack(VAR, given).unknown_settings() == []
    assert who_has("PASSGATE_HELLO_URL", given) == {"gateway"}


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@localhost:abc/x", "postgresql://u:s3cret@[::1/x"])
def test_a_store_url_that_cannot_be_read_is_named_without_its_password(url: str) -> None:
    with pytest.raises(StackError, match="PASSGATE_DATABASE_URL") as refused:
        Stack(VAR, {"PASSGATE_DATABASE_URL": url})
    assert "s3cret" not in str(refused.value)


def test_an_ipv6_store_is_recorded_in_brackets_and_found_again() -> None:
    layout = Stack(VAR, {"PASSGATE_DATABASE_URL": "postgresql://u:p@[::1]:5432/db"}).layout()
    assert layout["PASSGATE_DATABASE_URL"] == "postgresql://[::1]:5432"
    assert Stack(VAR, layout).store_address("postgres") == "[::1]:5432"
