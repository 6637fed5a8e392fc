"""Which credential the head of a request holds, wherever it is."""

from gateway.credentials.extract import query_parameters
from gateway.credentials.identity import RefusedCredential
from gateway.http1.request_head import RequestHead
from shared.refusal_traces.presented import Presented
from shared.refusal_traces.presented import presented as presented_in


def presented(head: RequestHead) -> Presented | None:
    """As `shared.refusal_traces.presented` finds it; in no query that cannot be separated."""
    fields = [(field.line.partition(":")[0], field.value) for field in head.fields]
    try:
        return presented_in(fields, query_parameters(head.target.partition("?")[2]))
    except RefusedCredential:
        return presented_in(fields, ())
