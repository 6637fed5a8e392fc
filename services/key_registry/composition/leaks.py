"""What ends the secrets that were found, and who reports them, put together."""

from services.key_registry.access.control import AccessControl
from services.key_registry.admin.revocations import Revocations
from services.key_registry.composition.stores import Stores
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.leaks.partner_keys import PartnerKeys, reader_of
from services.key_registry.http.leaks.reports import LeakEndpoint
from services.key_registry.leaks.found import Found
from services.key_registry.leaks.found_key_pairs import FoundKeyPairs
from services.key_registry.leaks.found_people_secrets import FoundPeopleSecrets
from services.key_registry.leaks.found_secrets import FoundSecrets
from services.key_registry.leaks.found_session_tokens import FoundSessionTokens
from services.key_registry.leaks.found_tokens import FoundTokens, KeyReports
from services.key_registry.leaks.reports import LeakReports
from services.key_registry.ports.store import Store
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from shared.audit.ports import RefusalAudit
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


def leaks_over(
    found: Found,
    access: AccessControl,
    store: Store,
    authentication: Authentication,
    audit: RefusalAudit,
    clock: Clock,
    *,
    keys_from: str | None,
) -> LeakEndpoint:
    """`keys_from`: the file or URL with the keys of GitHub's reports; None: there are none."""
    keys = None if keys_from is None else PartnerKeys(reader_of(keys_from), clock)
    reports = LeakReports(store, found, access)
    return LeakEndpoint(reports, authentication, audit, keys)
