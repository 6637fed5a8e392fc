"""Reports refused credentials to the audit trail."""

from gateway.credentials.identity import RefusedCredential
from gateway.origin import Origin
from shared.audit.trail import RefusalAudit


def report_refusal(audit: RefusalAudit, refused: RefusedCredential, *, route: str, origin: Origin) -> None:
    """A line under the request's id for a credential that we know, without the credential itself; else a count.

    Known is what was verified here. Claims of a token whose signature does not hold say nothing.
    """
    if refused.noted:
        return
    if refused.company_id is None:
        audit.count_refusal(cause=refused.cause, endpoint=route, client=origin.client, logged=True)
        return
    audit.note_refusal(
        audit.event(
            "credential.refused",
            actor="anonymous",
            subject_kind=refused.kind,
            subject=refused.subject,
            company_id=refused.company_id,
            detail={"cause": refused.cause, **refused.detail, "route": route, **origin.log_fields},
        )
    )
