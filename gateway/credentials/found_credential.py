"""Which credential the head of a request holds, wherever it is."""

from gateway.credentials.extract import query_parameters
from gateway.credentials.refused import RefusedCredential
from gateway.http1.request_head import RequestHead
from shared.refusal_traces.found_credential import FoundCredential, find_credential


def find_in_head(head: RequestHead) -> FoundCredential | None:
    """As `find_credential` does; in no query that cannot be separated."""
    fields = [(field.line.partition(":")[0], field.value) for field in head.fields]
    try:
        return find_credential(fields, query_parameters(head.target.partition("?")[2]))
    except RefusedCredential:
        return find_credential(fields, ())
