"""Events and webhooks: what companies and the operator are notified of."""
