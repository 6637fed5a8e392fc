"""Telling the audit trail of credentials that were refused."""

from gateway.identity import RefusedCredential
from gateway.routes import CredentialKind
from shared.audit import AuditTrail

SUBJECT_KINDS = {CredentialKind.API_TOKEN: "api_token", CredentialKind.SESSION_TOKEN: "access_key"}


def note(trail: AuditTrail, refused: RefusedCredential, *, route: str, remote: str) -> None:
    """One line, under the request's id; the credential itself is not in it."""
    trail.note(
        trail.event(
            "credential.refused",
            actor="anonymous",
            subject_kind=SUBJECT_KINDS.get(refused.kind, "") if refused.subject else "",
            subject=refused.subject,
            company_id=refused.company_id,
            detail={"cause": refused.cause, "credential": refused.kind.value, "route": route, "remote": remote},
        )
    )
