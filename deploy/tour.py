"""The tour of the four protocols as shell commands over the variables of `demo.env`."""

from collections.abc import Mapping
from string import Template

STEPS = (
    (
        "OAuth 2.0 client credentials, then the protected call",
        """\
TOKEN=$$(curl -sS -u $CLIENT_KEY:$CLIENT_SECRET -d grant_type=client_credentials \\
  $GATEWAY_URL/auth/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -sS -w '\\n' -H "Authorization: Bearer $$TOKEN" $GATEWAY_URL/v2.0/site""",
    ),
    (
        "A signed assertion for a token, then the protected call",
        """\
ASSERTION=$$($PYTHON -m deploy.sign_assertion --key-file $PRIVATE_KEY_FILE \\
  --key-id $KEY_ID --company-uri $COMPANY_URI --scope 'website:read:*')
TOKEN=$$(curl -sS -d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer -d assertion=$$ASSERTION \\
  $GATEWAY_URL/iam/oauth/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -sS -w '\\n' -H "Authorization: Bearer $$TOKEN" $GATEWAY_URL/website/v1/yachts""",
    ),
    (
        "An API token at the SMS application, which calls the operator",
        """\
curl -sS -w '\\n' -H "X-Api-Token: $API_TOKEN" -H "X-Client-Prefix: $CLIENT_PREFIX" \\
  -H "Content-Type: application/json" -d '{"to":"+4912345","text":"hello"}' $GATEWAY_URL/sms/v1/messages
curl -sS -w '\\n' "$GATEWAY_URL/OKIT.Operator.Api/api/tokenvalidator\\
?token=$API_TOKEN&applicaiontPrefix=$APPLICATION_PREFIX&clientPrefix=$CLIENT_PREFIX\"""",
    ),
    (
        "A session token for hidden parameters, and the editor that gets them",
        """\
SESSION=$$(curl -sS -H "x-api-key: $ACCESS_KEY" -H "Content-Type: application/json" \\
  -d '{"drawing":"plan.dwg","mode":"read"}' $GATEWAY_URL/generate | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
curl -sS -w '\\n' -H "x-api-token: $$SESSION" $GATEWAY_URL/verify
curl -sS -w '\\n' "$GATEWAY_URL/editor?apitoken=$$SESSION\"""",
    ),
)
"""Title and commands; `$NAME` is a variable of `demo.env` (and PYTHON), `$$NAME` one of the shell."""


def tour(values: Mapping[str, str], python: str) -> str:
    """The commands with their values filled in, ready to be pasted into a shell in the project's directory."""
    variables = {**values, "PYTHON": python}
    steps = [f"# {n}. {title}\n{Template(text).substitute(variables)}" for n, (title, text) in enumerate(STEPS, 1)]
    return "\n\n".join(steps)
