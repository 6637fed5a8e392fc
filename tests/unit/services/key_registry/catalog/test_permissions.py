"""Who may do what: the whole table, spelled out."""

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.permissions import NEEDED, Admin, Operation, Role
from services.key_registry.catalog.resources import RESOURCES
from tests.support.cases import each_case

WRITES = frozenset(Operation) - {Operation.READ}


@each_case("kind", sorted(set(RESOURCES) - {"admin_token"}))
@each_case("operation", Operation)
def test_viewers_read_and_editors_write(kind: str, operation: Operation) -> None:
    assert Admin(uuid7(), Role.VIEWER).may(operation, kind) is (operation is Operation.READ)
    assert Admin(uuid7(), Role.EDITOR).may(operation, kind)
    assert Admin(uuid7(), Role.OWNER).may(operation, kind)


@pytest.mark.parametrize("operation", Operation)
def test_admin_tokens_are_the_owners_alone(operation: Operation) -> None:
    assert [Admin(uuid7(), role).may(operation, "admin_token") for role in Role] == [False, False, True]


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_the_audit_trail_and_nobody_writes_it(role: Role) -> None:
    assert Admin(uuid7(), role).may(Operation.READ, "audit")
    assert not any(Admin(uuid7(), role).may(operation, "audit") for operation in WRITES)


def test_every_resource_is_in_the_table_for_every_operation() -> None:
    assert all(set(NEEDED[kind]) == set(Operation) for kind in RESOURCES)


@each_case("kind", RESOURCES)
@each_case("operation", Operation)
def test_a_token_bound_to_a_company_only_reads_what_the_platform_decides(kind: str, operation: Operation) -> None:
    decided = kind in ("company", "application", "booking") and operation is not Operation.READ
    assert Admin(uuid7(), Role.OWNER, uuid7()).bound_from(operation, kind) is decided
    assert not Admin(uuid7(), Role.OWNER).bound_from(operation, kind)
