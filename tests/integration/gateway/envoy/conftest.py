"""A real Envoy with a rendered route file. Where it is not installed the tests are skipped: `make bench-peers`."""

from collections.abc import AsyncIterator

import pytest

from tests.bench.peers import envoy
from tests.support.harness.gateway import surroundings
from tests.support.harness.rendered_envoy import BehindEnvoy, rendered_envoy
from tests.support.http1.upstream import running_upstream

ROUTES = """
upstreams:
  sample: {{url: "http://127.0.0.1:{port}"}}
  several:
    addresses: [{{url: "http://127.0.0.1:{port}", weight: 3}}]
    balance: least_connections
    health: {{path: /healthy, interval: 3600}}
  gone: {{url: "http://127.0.0.1:9", connect_timeout: 0.3}}
  own: {{url: "{services}"}}
routes:
  - {{name: site, path: /site, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
  - {{name: written, path: /written, methods: [GET], credential: jwt, scopes: [site:write], upstream: sample}}
  - {{name: other, path: /other, methods: [GET], credential: jwt, scopes: [], audience: [other], upstream: sample}}
  - {{name: sms, path: /sms, methods: [GET, POST], credential: api_token, application: SMS, upstream: sample}}
  - {{name: editor, path: /editor, methods: [GET], credential: session_token, upstream: sample}}
  - name: either
    path: /either
    methods: [GET]
    credential: [jwt, api_token]
    scopes: []
    application: SMS
    upstream: sample
  - {{name: open, prefix: /open, methods: any, credential: none, upstream: sample}}
  - {{name: item, path: "/v1/{{id}}", methods: any, credential: jwt, scopes: [], upstream: several}}
  - {{name: newest, path: /v1/newest, methods: any, credential: none, upstream: several}}
  - {{name: hosted, host: "*.example.com", prefix: /site, methods: any, credential: none, upstream: sample}}
  - {{name: small, path: /small, methods: any, credential: none, upstream: sample, max_body: 1000}}
  - {{name: large, path: /large, methods: any, credential: none, upstream: sample, max_body: 2000000}}
  - {{name: late, path: /late, methods: any, credential: none, upstream: sample, response_timeout: 0.3}}
  - name: passed
    path: /passed
    methods: any
    credential: jwt
    scopes: []
    upstream: sample
    pass_credential: true
  - {{name: gone, path: /gone, methods: any, credential: none, upstream: gone}}
  - {{name: token, path: /internal-looking, methods: any, credential: none, upstream: own}}
  - name: shop
    prefix: /shop
    methods: any
    credential: none
    upstream: sample
    strip_prefix: true
    preserve_host: true
    via: false
    request_headers: {{set: {{X-Tenant: "50%"}}, remove: [Cookie]}}
    response_headers: {{set: {{X-Own: a}}, remove: [X-Debug]}}
  - name: orders
    prefix: "/customers/{{id}}/orders"
    methods: any
    credential: none
    upstream: sample
    rewrite_prefix: /orders
  - name: pages
    path: /pages
    methods: [GET, PUT]
    credential: jwt
    scopes: []
    upstream: sample
    cors: {{origins: ["https://app.example"], expose: [X-Total]}}
  - name: socket
    path: /socket
    methods: [GET]
    credential: jwt
    scopes: []
    upstream: sample
    websocket: true
    end_on_revocation: false
"""


@pytest.fixture(scope="package")
async def envoy_front(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BehindEnvoy]:
    if envoy.binary() is None:
        pytest.skip("Envoy is not installed: make bench-peers")
    directory = tmp_path_factory.mktemp("envoy")
    routes = directory / "own.yaml"
    async with surroundings(directory) as around, running_upstream() as service:
        routes.write_text(ROUTES.format(port=service.port, services=around.services.url))
        async with (
            around.gateway(decision_port=0, trusted_proxies="127.0.0.1/32", routes_file=routes) as gateway,
            rendered_envoy(directory, routes, around, gateway) as port,
        ):
            yield BehindEnvoy(port, gateway, service, around)


@pytest.fixture
def front(envoy_front: BehindEnvoy) -> BehindEnvoy:
    envoy_front.service.reset()
    return envoy_front
