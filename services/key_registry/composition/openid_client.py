"""What the settings say of the OpenID provider, put together."""

from services.key_registry.config import Settings
from services.key_registry.people.openid.provider import OpenIdClient
from shared.settings.config import read_secret

CALLBACK = "/sign-in/openid/callback"
"""Of the console, to which the provider sends people back."""


def openid_client(settings: Settings) -> OpenIdClient | None:
    """None without a provider. `Settings` has seen that all is there."""
    issuer, secret_file = settings.openid_issuer, settings.openid_client_secret_file
    if issuer is None or settings.openid_client_id is None or secret_file is None or settings.console_url is None:
        return None
    return OpenIdClient(
        issuer=issuer,
        client_id=settings.openid_client_id,
        client_secret=read_secret(secret_file),
        name=settings.openid_name,
        redirect_uri=f"{settings.console_url}{CALLBACK}",
    )
