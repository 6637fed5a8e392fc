"""`/admin/v1/leaks`: reports by admins, and by GitHub."""

from services.key_registry.access.control import AccessControl
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.leaks.partner_keys import PartnerKeys, reader_of
from services.key_registry.http.leaks.reports import LeakEndpoint
from services.key_registry.leaks.found import Found
from services.key_registry.leaks.reports import LeakReports
from services.key_registry.ports.store import Store
from shared.audit.ports import RefusalAudit
from shared.clock import Clock


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
