"""What a browser sends and keeps: cookies, forms, and where a request comes from."""
