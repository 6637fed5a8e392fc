"""What the copies of the history are compared with, and how a restored one is gone on with."""
