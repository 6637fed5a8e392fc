"""Who sees the platform as a whole."""

from services.key_registry.access.control import AccessControl
from services.key_registry.catalog.permissions import Admin, Operation

KIND = "system"


def permit_platform(access: AccessControl, admin: Admin) -> None:
    """Raises `Forbidden` for whoever is bound to a company."""
    access.permit(admin, Operation.READ, KIND)
    if admin.company_id is not None:
        why = f"a {admin.noun} that is bound to a company does not see the platform as a whole"
        access.forbid(admin, Operation.READ, KIND, why)
