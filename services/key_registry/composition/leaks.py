"""What ends the secrets that were found, put together."""

from services.key_registry.admin.revocations import Revocations
from services.key_registry.composition.stores import Stores
from services.key_registry.leaks.found import Found
from services.key_registry.leaks.found_key_pairs import FoundKeyPairs
from services.key_registry.leaks.found_people_secrets import FoundPeopleSecrets
from services.key_registry.leaks.found_secrets import FoundSecrets
from services.key_registry.leaks.found_session_tokens import FoundSessionTokens
from services.key_registry.leaks.found_tokens import FoundTokens, KeyReports
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from shared.clock import Clock


def found_over(
    stores: Stores, lines: PostgresAuditLines, reports: KeyReports, revocations: Revocations, clock: Clock
) -> Found:
    return Found(
        FoundSecrets(stores.objects, clock),
        FoundKeyPairs(stores.objects, clock),
        FoundSessionTokens(lines, revocations, clock),
        FoundTokens(reports, revocations, clock),
        FoundPeopleSecrets(stores.objects, clock),
    )
