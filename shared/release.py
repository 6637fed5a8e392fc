"""Which release of Passgate this is: as pyproject.toml has it, which is not there in every installation."""

RELEASE = "0.1.0"
