"""The table of endpoints, with what OpenAPI says of each."""

from services.sample_resources.http.samples import SampleEndpoints
from services.sample_resources.http.schemas import Editor, SiteResponse, YachtsResponse
from services.sample_resources.sms import Accepted, Message
from shared.http.endpoints import Endpoint, Parameter, Response


def endpoints(handlers: SampleEndpoints) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/v2.0/site",
            handlers.site,
            "A site (scope site:read at the gateway)",
            responses={200: Response("The site and the caller.", SiteResponse)},
        ),
        Endpoint(
            "GET",
            "/website/v1/yachts",
            handlers.yachts,
            "Yachts (scope website:read:yachts at the gateway)",
            responses={200: Response("The yachts and the caller.", YachtsResponse)},
        ),
        Endpoint(
            "GET",
            "/editor",
            handlers.editor,
            "An editor that shows the parameters of its URL",
            description="Through the gateway, these are the ones that the session token stands for.",
            responses={200: Response("The parameters, in their order, and the caller.", Editor)},
        ),
        Endpoint(
            "POST",
            "/sms/v1/messages",
            handlers.send_message,
            "Send a message, if the operator validates the token",
            parameters=(
                Parameter("X-Api-Token", "header", "The company's API token.", required=True),
                Parameter("X-Client-Prefix", "header", "The company's prefix.", required=True),
            ),
            body=Message,
            responses={
                202: Response("Accepted.", Accepted),
                401: Response("No token, or no prefix."),
                403: Response("The operator says that the token is not valid."),
                422: Response("A member is wrong: which one."),
                503: Response("The operator does not respond; see Retry-After."),
            },
        ),
    ]
