"""The four flows, each by a generated client alone; what is needed comes from the environment.

Run by `test_generated_clients`, with the clients on the path, and type-checked against them.
"""

import base64
import os
import sys

from passgate_operator_validator import Client
from passgate_operator_validator.api.operator import get_okit_operator_api_api_tokenvalidator as validate
from passgate_operator_validator.models import Validity
from passgate_session_tokens import AuthenticatedClient as SessionClient
from passgate_session_tokens.api.session_tokens import delete_verify, get_verify, post_generate
from passgate_session_tokens.models import CreatedToken, GetVerifyResponse200, PostGenerateBody
from passgate_token_issuer import AuthenticatedClient as IssuerClient
from passgate_token_issuer import Client as Stranger
from passgate_token_issuer.api.tokens import post_auth_token, post_iam_oauth_token, post_oauth2_introspect
from passgate_token_issuer.models import (
    IntrospectionResponse,
    PostAuthTokenBody,
    PostAuthTokenBodyGrantType,
    PostIamOauthTokenBody,
    PostIamOauthTokenBodyGrantType,
    PostOauth2IntrospectBody,
    TokenResponse,
)

GATEWAY = os.environ["GATEWAY_URL"]


def operator_validates_an_api_token() -> bool:
    """True for the token, and false for another one."""
    client, found = Client(base_url=GATEWAY), []
    for token in (os.environ["API_TOKEN"], os.environ["API_TOKEN"][:-1] + "_"):
        validity = validate.sync(
            client=client,
            x_api_token=token,
            client_prefix=os.environ["CLIENT_PREFIX"],
            applicaiont_prefix=os.environ["APPLICATION_PREFIX"],
        )
        found.append(isinstance(validity, Validity) and validity.valid)
    return found == [True, False]


def session_token_stands_for_parameters() -> bool:
    keeper = SessionClient(GATEWAY, os.environ["ACCESS_KEY"], prefix="", auth_header_name="x-api-key")
    created = post_generate.sync(client=keeper, body=PostGenerateBody.from_dict({"userId": "42"}), ttl=60)
    if not isinstance(created, CreatedToken):
        return False
    holder = SessionClient(GATEWAY, str(created.token), prefix="", auth_header_name="x-api-token")
    shown = get_verify.sync(client=holder)
    ended = delete_verify.sync_detailed(client=holder)
    return isinstance(shown, GetVerifyResponse200) and shown["userId"] == "42" and ended.status_code == 204


def _client() -> IssuerClient:
    pair = f"{os.environ['CLIENT_KEY']}:{os.environ['CLIENT_SECRET']}"
    return IssuerClient(GATEWAY, base64.b64encode(pair.encode()).decode(), prefix="Basic")


def api_client_gets_a_token_by_its_secret() -> bool:
    body = PostAuthTokenBody(grant_type=PostAuthTokenBodyGrantType.CLIENT_CREDENTIALS)
    issued = post_auth_token.sync(client=_client(), body=body)
    if not isinstance(issued, TokenResponse):
        return False
    asked = PostOauth2IntrospectBody(token=issued.access_token)
    known = post_oauth2_introspect.sync(client=_client(), body=asked)
    return isinstance(known, IntrospectionResponse) and known.active


def key_pair_gets_a_token_by_an_assertion() -> bool:
    (grant,) = PostIamOauthTokenBodyGrantType
    body = PostIamOauthTokenBody(grant_type=grant, assertion=os.environ["ASSERTION"])
    issued = post_iam_oauth_token.sync(client=Stranger(base_url=GATEWAY), body=body)
    return isinstance(issued, TokenResponse) and issued.expires_in > 0


FLOWS = (
    operator_validates_an_api_token,
    session_token_stands_for_parameters,
    api_client_gets_a_token_by_its_secret,
    key_pair_gets_a_token_by_an_assertion,
)

if __name__ == "__main__":
    sys.exit(", ".join(flow.__name__ for flow in FLOWS if not flow()) or 0)
