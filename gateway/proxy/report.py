"""Telling the audit trail of credentials that were refused."""

from gateway.credentials.identity import RefusedCredential
from shared.audit import AuditTrail


def note(trail: AuditTrail, refused: RefusedCredential, *, route: str, remote: str) -> None:
    """One line, under the request's id; the credential itself is not in it."""
    if refused.noted:
        return
    trail.note(
        trail.event(
            "credential.refused",
            actor="anonymous",
            subject_kind=refused.kind,
            subject=refused.subject,
            company_id=refused.company_id,
            detail={"cause": refused.cause, **refused.detail, "route": route, "remote": remote},
        )
    )
