"""The storage of people: what each room of theirs needs of it, put together."""

from services.key_registry.storage.postgres.people.accounts import PostgresAccountReader, PostgresAccountWriter
from services.key_registry.storage.postgres.people.factors import PostgresFactorReader, PostgresFactorWriter
from services.key_registry.storage.postgres.people.identities import (
    PostgresIdentityReader,
    PostgresIdentityWriter,
)
from services.key_registry.storage.postgres.people.invitations import (
    PostgresInvitationReader,
    PostgresInvitationWriter,
)
from services.key_registry.storage.postgres.people.passkeys import PostgresPasskeyReader, PostgresPasskeyWriter
from services.key_registry.storage.postgres.people.password_resets import (
    PostgresPasswordResetReader,
    PostgresPasswordResetWriter,
)
from services.key_registry.storage.postgres.people.portal_sessions import (
    PostgresPortalReader,
    PostgresPortalWriter,
)
from services.key_registry.storage.postgres.people.used_seals import PostgresUsedSeals


class PostgresPeopleReader(
    PostgresAccountReader,
    PostgresInvitationReader,
    PostgresPortalReader,
    PostgresFactorReader,
    PostgresPasskeyReader,
    PostgresIdentityReader,
    PostgresPasswordResetReader,
):
    """The part of the reader that is about people, their sessions and invitations, and portal sessions."""


class PostgresPeopleWriter(
    PostgresPeopleReader,
    PostgresAccountWriter,
    PostgresInvitationWriter,
    PostgresPortalWriter,
    PostgresFactorWriter,
    PostgresPasskeyWriter,
    PostgresIdentityWriter,
    PostgresPasswordResetWriter,
    PostgresUsedSeals,
):
    """The same for the writer."""
