"""What clients learn about the issuer from its URL alone (RFC 8414)."""

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from services.token_issuer.clients.client_proof import METHODS
from services.token_issuer.http.schemas import MetadataResponse
from services.token_issuer.metadata import metadata

ISSUER = "https://passgate.example"


def test_metadata_fits_its_model() -> None:
    document = MetadataResponse.model_validate(metadata(ISSUER))
    assert document.token_endpoint_auth_methods_supported == list(METHODS)


def test_metadata_is_valid_for_a_client_library() -> None:
    AuthorizationServerMetadata(metadata(ISSUER)).validate()


def test_no_list_in_the_metadata_is_empty() -> None:
    assert [name for name, value in metadata(ISSUER).items() if not value] == []
