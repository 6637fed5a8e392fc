"""The settings of the sample services."""

from typing import Literal

from pydantic import Field

from shared.identifiers import PREFIX, anchored
from shared.settings.config import ServiceSettings


class Settings(ServiceSettings):
    port: int = Field(default=8105, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    application_prefix: str = Field(
        default="SMS",
        pattern=anchored(PREFIX),
        description="what the SMS sample is called at the operator",
    )
    operator_token_in: Literal["header", "query"] = Field(
        default="header", description="where the SMS sample puts the token when it calls the operator"
    )
