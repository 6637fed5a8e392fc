"""One running stack for all end-to-end tests, and partners to use it with."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.partners import Admin, Partner
from tests.support.harness.stack import Stack, running_stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The real stack, started once: nothing in it is replaced. Whoever stops a part of it waits for its return.

    It ends with the last of these tests: ten processes look for what is new all the time.
    """
    with running_stack() as running:
        yield running


@pytest.fixture(scope="package")
def admin(stack: Stack) -> Admin:
    """The first owner, at the admin API."""
    return Admin(stack.url("key_registry"), stack.values["ADMIN_TOKEN"])


@pytest.fixture(scope="package")
def make_partner(stack: Stack, admin: Admin) -> Callable[[], Partner]:
    """Makes a company with an application that it has booked and one credential of each kind, all of its own."""
    return lambda: Partner.make(admin, stack.gateway)


@pytest.fixture(scope="module")
def partner(make_partner: Callable[[], Partner]) -> Partner:
    """One for all tests of a module that take nothing away from it."""
    return make_partner()
