"""What operators watch: how much is called, how far changes have come, what expires, and what all runs on."""
