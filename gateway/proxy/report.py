"""Telling the audit trail of credentials that were refused."""

from gateway.credentials.identity import RefusedCredential
from gateway.forwarded import Origin
from shared.audit import AuditTrail


def note(trail: AuditTrail, refused: RefusedCredential, *, route: str, origin: Origin) -> None:
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
            detail={"cause": refused.cause, **refused.detail, "route": route, **origin.log_fields},
        )
    )
