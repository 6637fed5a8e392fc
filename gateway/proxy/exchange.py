"""One request and its response: decided upon, then refused, or relayed between the client and an upstream.

waiting    -> its turn comes, or does not    -> deciding, or a refusal: only where there are too many requests
deciding   -> refusal                        -> the gateway's own response
deciding   -> forward                        -> collecting the body
collecting -> body whole, or more than small -> waiting for one of the upstream's connections
connected  -> head and what there is of the body go upstream in one write
relaying   -> upstream fails before its head / after it -> 502, 503, 504 / a cut that the client sees
relaying   -> both complete                  -> the client's next request
"""

import asyncio
import time

import structlog

from gateway.edge.client_origin import origin_of, unproxied
from gateway.forwarding.forward import Decision, Forward, LookUp
from gateway.http1 import writer
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.http1.response import ResponseHead
from gateway.proxy.client_body import NO_BODY, ClientBody
from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.client_response import ClientResponse, lines_for_client
from gateway.proxy.direct_response import OWN_PATHS, DirectResponse, direct_response
from gateway.proxy.exchange_context import ExchangeContext
from gateway.proxy.overload.admission import OVERLOADED
from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.report import Call
from gateway.proxy.tunnels.websocket import NOT_ALLOWED, WebSocket, websocket_of
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.outgoing import outgoing
from gateway.proxy.upstream.pool import Pool
from gateway.proxy.upstream.resending import SAFE, may_send_again
from gateway.refused_calls.problems import (
    CONNECTIONS_IN_USE,
    Refusal,
    internal_error,
    malformed,
    too_large,
    too_many_bodies,
    upstream_failed,
)
from shared.addresses.block import address_block
from shared.logging import request_id
from shared.logging.request_ids import adopt_request_id, new_request_id

log = structlog.get_logger()


class Exchange:
    """`RequestReceiver` of one request, `Requester` of its upstream's pool, `ResponseReceiver` of its response."""

    __slots__ = (
        "_body",
        "_client",
        "_context",
        "_deciding",
        "_over",
        "_pool",
        "_response",
        "_sent_again",
        "_sent_at",
        "_trace_lines",
        "_upstream",
        "_websocket",
        "call",
        "forward",
        "watched",
    )

    def __init__(self, context: ExchangeContext, client: ClientConnection, head: RequestHead | BadRequest) -> None:
        readable = head if isinstance(head, RequestHead) else None
        self._context = context
        self._client = client
        has_body = readable is not None and readable.block.has_body
        self._body = ClientBody(readable, context.bodies, self._body_shed) if has_body else NO_BODY
        self._response = ClientResponse(client, readable)
        self._deciding: asyncio.Task[None] | None = None
        self.forward: Forward | None = None
        self._pool: Pool | None = None
        """Where a connection is waited for."""
        self._upstream: UpstreamConnection | None = None
        self._websocket: WebSocket | None = None
        """Where the request offers one, and the route allows it."""
        self._sent_at = 0.0
        self._sent_again = False
        self._trace_lines = ""
        self._over = False
        self.watched = False
        """Whether it has lasted, and is among those that end when they are revoked."""
        self.call = Call(head, unproxied(client.peer), new_request_id())

    # What the client's connection reports

    def begin(self, content: bytes, *, complete: bool) -> None:
        if self._body is not NO_BODY:
            self._body.came(complete=complete)
            self._body.collect(content)
        try:
            self._begin()
        except Exception:
            self._fault()

    def _begin(self) -> None:
        head, call = self.call.head, self.call
        if isinstance(head, BadRequest):
            self._refuse(malformed(head))
            return
        client = self._client
        if client.peer_trusted:
            call.origin = origin_of(head, client.peer, self._context.proxies, client.scheme)
        else:
            call.origin = unproxied(client.peer, head.host, client.scheme)
        fresh_id, trusted = call.request_id, call.origin.trusted
        if trusted and (given := head.first("x-request-id")) is not None:
            call.request_id = adopt_request_id(given)
        if head.method == "OPTIONS" or head.target.startswith(OWN_PATHS):
            direct = direct_response(head, call.request_id, self._context.decider.routes)
            if direct is not None:
                self._respond(direct)
                return
        call.trace_id, self._trace_lines = self._context.tracing.trace(head, trusted=trusted, fresh_id=fresh_id)
        admission = self._context.admission
        if admission.active and admission.puts_off(self, call.origin.client):
            if not self._body.complete and self._may_collect_body():
                self._pause_if_enough()
            return
        self._decide(head)

    def admitted(self) -> None:
        """Its turn has come, where it had to wait for one."""
        head = self.call.head
        try:
            if isinstance(head, RequestHead) and not self._over:
                self._decide(head)
        except Exception:
            self._fault()

    def shed(self) -> None:
        """It has waited for too long."""
        try:
            self._fail(OVERLOADED)
        except Exception:
            self._fault()

    def _decide(self, head: RequestHead) -> None:
        call = self.call
        decision = self._context.decider.decide(head, call.origin, call.request_id)
        if isinstance(decision, (Forward, Refusal)):
            self._decided(decision)
            return
        if not (self._body.complete or self._may_collect_body()):
            return
        request_id.set(call.request_id)  # which goes with every call to another service
        self._deciding = asyncio.get_running_loop().create_task(self._look_up(decision))
        self._pause_if_enough()

    def body_received(self, content: bytes, *, complete: bool) -> None:
        self._body.came(complete=complete)
        try:
            self._body_received(content)
        except Exception:
            self._fault()

    def _body_received(self, content: bytes) -> None:
        body, forward, upstream = self._body, self.forward, self._upstream
        if forward is not None and body.received + len(content) > forward.route.max_body:
            self._fail(too_large(forward.route.max_body, route=forward.route.name))
        elif upstream is not None:
            upstream.send(body.framed(content), complete=body.complete)
        else:
            body.collect(content)
            if forward is not None:
                self._connect_if_due(forward)
            self._pause_if_enough()

    def _pause_if_enough(self) -> None:
        if self._upstream is None and self._body.due:
            self._client.pause_reading()

    def _may_collect_body(self) -> bool:
        """Whether the client may send the body; if not, the request is refused."""
        if self._body.may_collect(address_block(self.call.origin.client)):
            return True
        self._refuse(too_many_bodies(route=self.call.route))
        return False

    def _body_shed(self) -> None:
        self._fail(too_many_bodies(route=self.call.route))

    def body_refused(self, error: BadRequest) -> None:
        self._fail(malformed(error, route=self.call.route))

    def client_left(self, cause: str) -> None:
        if self._over:
            return
        self.call.cause = self.call.cause or cause
        try:
            self._release()
            self._conclude()
        except Exception:
            self._fault()

    def client_congested(self) -> None:
        if self._upstream is not None:
            self._upstream.pause_reading()

    def client_ready(self) -> None:
        if self._upstream is not None:
            self._upstream.resume_reading()

    def sweep(self) -> None:
        try:
            if self._websocket is not None:
                self._websocket.sweep()
            if not (self.watched or self._over):
                self._context.live.consider(self)
        except Exception:
            self._fault()

    # Deciding

    async def _look_up(self, look_up: LookUp) -> None:
        try:
            decision = await look_up()
            self._deciding = None
            if not self._over:
                self._decided(decision)
        except Exception:
            self._deciding = None
            self._fault()

    def _decided(self, decision: Decision) -> None:
        if isinstance(decision, Refusal):
            self._refuse(decision)
            return
        self.forward = decision
        call, head, route = self.call, self.call.head, decision.route
        call.route = route.name
        if self._trace_lines:
            decision.lines.append(self._trace_lines)
        if decision.identity is not None:
            call.company, call.credential = decision.identity.company, decision.identity.credential
            call.identity, call.repeated_call = decision.identity, decision.repeated_call
        if self._body.received > route.max_body:
            self._refuse(too_large(route.max_body, route=route.name))
            return
        if route.websocket:
            offered = websocket_of(head, route, self._context.tunnels)
            if isinstance(offered, Refusal):
                self._refuse(offered)
                return
            self._websocket = offered
        elif isinstance(head, RequestHead) and head.offers_websocket:
            call.detail = NOT_ALLOWED
        if not (self._body.complete or self._may_collect_body()):
            return
        if isinstance(head, RequestHead) and head.block.expects_continue and not self._body.received:
            self._client.write(writer.CONTINUE)
        self._connect_if_due(decision)

    # Sending

    @property
    def client_key(self) -> str:
        call = self.call
        return f"{call.company}:{call.credential}" if call.credential else address_block(call.origin.client)

    def _connect_if_due(self, forward: Forward) -> None:
        if self._pool is None and (self._body.complete or self._body.due):
            self._acquire(forward, fresh=False)

    @property
    def _decided_forward(self) -> Forward:
        if self.forward is None:
            raise RuntimeError("nothing is sent before it is decided upon")
        return self.forward

    def _acquire(self, forward: Forward, *, fresh: bool) -> None:
        upstream = forward.route.upstream
        if not (self._body.complete or self._body.may_stream(upstream)):
            self.upstream_failed(UpstreamFailed(503, CONNECTIONS_IN_USE, "bodies"))
            return
        if self._websocket is not None and not self._websocket.may_open(self.client_key):
            self.upstream_failed(UpstreamFailed(503, CONNECTIONS_IN_USE, "tunnels"))
            return
        self._sent_at = time.perf_counter()
        self._pool = self._context.pools.of(upstream)
        self._pool.acquire(self, fresh=fresh)

    def connected(self, connection: UpstreamConnection) -> None:
        self._upstream = connection
        try:
            forward, websocket = self._decided_forward, self._websocket
            authority = connection.endpoint.address.authority
            if not self._body.complete:
                self._client.resume_reading()  # before a write that may hold the client back again
            connection.begin(
                self,
                forward.method,
                outgoing(forward, self._body, authority, websocket=websocket is not None),
                complete=self._body.complete,
                response_timeout=forward.route.response_timeout,
                idle_timeout=forward.route.idle_timeout,
                upgrade=None if websocket is None else websocket.handshake,
            )
            if self._client.congested:  # since it was told to go on with its body: nobody says it again
                connection.pause_reading()
        except Exception:
            self._fault()

    # What the upstream's connection reports

    def upstream_congested(self) -> None:
        self._client.pause_reading()

    def upstream_ready(self) -> None:
        self._client.resume_reading()

    def response_began(self, head: ResponseHead, content: bytes, *, complete: bool) -> None:
        if complete:
            self._upstream = None
        try:
            self._response_began(head, content, complete=complete)
        except Exception:
            self._fault()

    def _response_began(self, head: ResponseHead, content: bytes, *, complete: bool) -> None:
        call, forward = self.call, self._decided_forward
        self._context.report.upstream_responded(call, forward, time.perf_counter() - self._sent_at)
        lines = lines_for_client(head, call, forward.route, forward.identity)
        if forward.limits is not None:
            lines += forward.limits.lines()
        call.status = head.status
        if self._websocket is not None and head.status == 101:
            self._response.switch(lines)
            self._websocket.switch(self._client, self._upstream, content, self._tunnel_ended)
            return
        self._response.begin(head, lines, content, complete=complete, request_complete=self._body.complete)
        if complete:
            self._finish()

    def _tunnel_ended(self, cause: str) -> None:
        if not self._over:
            self.call.cause = cause
            try:
                self._conclude()
            except Exception:
                self._fault()

    def response_continued(self, content: bytes, *, complete: bool) -> None:
        if complete:
            self._upstream = None
        try:
            self._response.continue_with(content, complete=complete)
            if complete:
                self._finish()
        except Exception:
            self._fault()

    def upstream_failed(self, error: UpstreamFailed) -> None:
        if self._upstream is not None:
            error.address = self._upstream.endpoint.place
        self._upstream = None
        try:
            self._upstream_failed(error)
        except Exception:
            self._fault()

    def _upstream_failed(self, error: UpstreamFailed) -> None:
        forward = self._decided_forward
        if not (self._sent_again or self._body.received) and may_send_again(forward, error):
            self._sent_again = True
            self._acquire(forward, fresh=True)
            return
        self._context.report.upstream_failed(self.call, forward, error)
        reason = {"reason": error.detail} if error.detail else {}
        upstream = forward.route.upstream
        detail = {"upstream": upstream.name, "address": error.address or upstream.url, **reason}
        self._fail(
            upstream_failed(
                error.status, error.cause, route=self.call.route, detail=detail, retry_after=error.retry_after
            )
        )

    # Ending

    def _refuse(self, refusal: Refusal) -> None:
        """The gateway's own response, in the place of the upstream's."""
        call = self.call
        self._context.report.refused(call, refusal)
        call.status = refusal.status
        routes = self._context.decider.routes
        self._response.refuse(refusal, call, routes, request_complete=self._body.complete)
        self._finish()

    def _fail(self, refusal: Refusal) -> None:
        """The same; or, when a response has begun already, a cut that the client sees."""
        if self._over:
            return
        self._release()
        if self.call.status == 0:
            self._refuse(refusal)
            return
        self._context.report.cut(self.call, refusal)
        self._response.cut()
        self._conclude()

    def end_early(self, refusal: Refusal) -> bool:
        """Its caller may not call any more. Whether it has ended.

        Not before the response begins, where the upstream has all of a request that may have had its effect.
        """
        sent = self._upstream is not None and self._body.complete
        if sent and self.call.status == 0 and self._decided_forward.method not in SAFE:
            return False
        try:
            self._fail(refusal)
        except Exception:
            self._fault()
        return True

    def _fault(self) -> None:
        """A fault of ours is an error of ours, whatever happens."""
        request_id.set(self.call.request_id)
        log.exception("request.failed")
        self._fail(internal_error(route=self.call.route))

    def _respond(self, direct: DirectResponse) -> None:
        self.call.route, self.call.cause, self.call.status = direct.route, direct.cause, direct.status
        self._response.send(
            direct.status, direct.lines, direct.body, closes=False, request_complete=self._body.complete
        )
        self._finish()

    def _finish(self) -> None:
        """The response is whole."""
        try:
            self._conclude()
        finally:  # what cannot be written down holds up no other request of the connection
            self._client.request_done(keep_alive=self._response.keep_alive)

    def _release(self) -> None:
        """Let go of whatever this exchange has or waits for."""
        if self._deciding is not None:
            self._deciding.cancel()
            self._deciding = None
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()
        elif self._pool is not None:
            self._pool.give_up(self)

    def _conclude(self) -> None:
        """It is over, however: give back what it counted for, and write down what became of it."""
        self._over = True
        if self._body is not NO_BODY:
            self._body.end()
        if self._websocket is not None:
            self._websocket.over()
        if self.watched:
            self._context.live.discard(self)
        self._context.report.ended(self.call)
