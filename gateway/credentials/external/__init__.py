"""JWTs of other issuers: their keys, fetched in the background, and what their claims say of the caller."""
