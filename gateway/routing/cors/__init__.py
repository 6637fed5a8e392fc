"""Which pages of other origins may call a route (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
