"""What the tests stand on: a clock to move, real stores, a watch on the event loop."""
