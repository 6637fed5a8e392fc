"""The console in a real Chromium, as a person uses it: `make test-browser`."""
