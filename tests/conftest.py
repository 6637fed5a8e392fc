"""Fixtures for every test: real stores, a clock to move, and a watch on the event loop."""

import asyncio
import gc
import inspect
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio
import structlog
import uvloop
from hypothesis import settings

from deploy.local.stores.postgres import OWNER, create_owner_and_database
from shared.http import client
from shared.logging import request_id
from shared.refusal_traces import recorder
from tests.support import nested_connections
from tests.support.clock import FakeClock
from tests.support.harness.forking.client import begin
from tests.support.harness.stores import postgres_server, valkey_server
from tests.support.loop_watch import LoopWatch
from tests.support.sharing.units import in_order
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

if TYPE_CHECKING:
    from tests.support.harness.database_template import DatabaseTemplate
    from tests.support.harness.registry_databases import RegistryTemplate

pytest_plugins = ("tests.support.sharing.plugin",)
RANDOM = re.compile(
    r"(?i)pg(?:at|ak|cs|ad|ck|ps|il|pl)_[a-z0-9]{22}|kp_[a-z0-9]{22}|[0-9a-f]{64}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
"""Our own secrets, their digests and ids, and UUIDs."""

END_TO_END = "tests/e2e/"
FORKING = (END_TO_END, "tests/integration/")
"""Where the tests are that start deployables as processes."""
STACK_START_TIMEOUT_S = 180
"""Of whichever end-to-end test is the first, and so starts the stack, beside others that start theirs."""

for processor in structlog.get_config()["processors"]:
    if isinstance(processor, structlog.dev.ConsoleRenderer):
        # The other is drawn with boxes and colours, for a second of the event loop.
        processor.exception_formatter = structlog.dev.plain_traceback

# The stores of the tests speak no TLS, and to ask them takes a context for each connection.
os.environ["PGSSLMODE"] = "disable"

# A limit for each example would be an assertion on the time of this machine; every run draws the same ones.
settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays: the garbage collector would look through all of it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order(items)
    for item in items:
        if item.nodeid.startswith(END_TO_END) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(STACK_START_TIMEOUT_S))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Whoever shares the tests starts one server that forks processes, for all who will need it."""
    if session.config.option.processes > 1 and any(item.nodeid.startswith(FORKING) for item in session.items):
        begin()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Leaves what is random out of a test's name, which is the same in every run and every process of one."""
    return argname if isinstance(val, str) and RANDOM.search(val) else None


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that every deployable runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def _no_nested_connections() -> Iterator[None]:
    with nested_connections.refused():
        yield


@pytest.fixture(scope="session", autouse=True)
def own_call_timeout() -> Iterator[float]:
    """The product's: a call between services is given up after less than a second, in which a busy machine may run
    nothing. Meanwhile calls end late."""
    own = client.CALL_TIMEOUT_S
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "CALL_TIMEOUT_S", BUSY_MACHINE_LIMIT_S)
        yield own


@pytest.fixture(scope="session", autouse=True)
def _traces_are_sent_soon() -> Iterator[None]:
    """Many tests wait for a trace, each of them for the rest of a second otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "SEND_INTERVAL_S", 0.05)
        yield


@pytest.fixture(autouse=True)
def _no_request() -> Iterator[None]:
    """The id of a request that a test sets is not that of the next."""
    yield
    request_id.set("")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server, as its superuser. All tests share it: touch only databases of your own."""
    with postgres_server() as url:
        yield url


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """An empty database of the test's own, as the role that owns it (no superuser); dropped afterwards."""
    name, server = f"test_{secrets.token_hex(6)}", urlsplit(postgres_url)
    await create_owner_and_database(postgres_url, server.password or "", name)
    yield f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/{name}"
    connection = await asyncpg.connect(postgres_url, timeout=10)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close(timeout=10)


@pytest.fixture(scope="session")
async def registry_template(postgres_url: str) -> "AsyncIterator[RegistryTemplate]":
    """The schema of the key registry, migrated once."""
    from tests.support.harness.key_registry import migrate
    from tests.support.harness.registry_databases import RegistryTemplate

    async with RegistryTemplate.migrated_by(migrate, postgres_url) as template:
        yield template


@pytest.fixture
async def registry_database_url(registry_template: "RegistryTemplate") -> AsyncIterator[str]:
    """As `database_url`, at the newest revision of the key registry's schema."""
    async with registry_template.copy() as url:
        yield url


@pytest.fixture(scope="session")
async def issuer_template(postgres_url: str) -> "AsyncIterator[DatabaseTemplate]":
    """The schema of the token issuer, migrated once."""
    from tests.support.harness.database_template import DatabaseTemplate
    from tests.support.harness.token_issuer import migrate

    async with DatabaseTemplate.migrated_by(migrate, postgres_url) as template:
        yield template


@pytest.fixture
async def issuer_database_url(issuer_template: "DatabaseTemplate") -> AsyncIterator[str]:
    """As `database_url`, at the newest revision of the token issuer's schema."""
    async with issuer_template.copy() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Valkey with a password, shared by all tests."""
    with valkey_server() as url:
        yield url


@pytest.fixture
async def redis_database(redis_url: str) -> str:
    """`redis_url`, with everything in it gone and no script cached."""
    async with redis.asyncio.from_url(redis_url) as client:
        await client.flushall()
        await client.script_flush()
    return redis_url


@pytest.fixture(scope="session")
async def loop_watch() -> AsyncIterator[LoopWatch]:
    """Of the one loop that all tests run in."""
    watch = LoopWatch(asyncio.get_running_loop())
    yield watch
    watch.stop()


@pytest.fixture(autouse=True)
def loop_is_never_blocked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test during which the event loop stood still for a second, showing what held it."""
    if not inspect.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    watch: LoopWatch = request.getfixturevalue("loop_watch")
    watch.begin()
    yield
    if blocked_at := watch.end():
        pytest.fail(f"the event loop was blocked here:\n{blocked_at}", pytrace=False)
