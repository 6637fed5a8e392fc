"""What there is: the resources, the shapes of requests and responses, and who may do what with them."""
