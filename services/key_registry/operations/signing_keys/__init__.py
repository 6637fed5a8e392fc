"""The signing keys of the token issuer, as it reports them, beside what the gateways have of them."""
