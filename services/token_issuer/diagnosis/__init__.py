"""What is wrong with an assertion or an access token: the checks that accept them, run to the end."""
