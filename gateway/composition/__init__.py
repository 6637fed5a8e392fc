"""What puts the gateway together beside `app`: whom it calls besides upstreams, and what it follows of them."""
