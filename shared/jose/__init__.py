"""JSON Web Signatures, keys and tokens (RFC 7515, 7517, 7518, 7519, 8037), read strictly."""
