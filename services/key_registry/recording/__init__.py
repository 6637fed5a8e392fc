"""What every write leaves behind, in its own transaction: a change, an audit line, an event, its response."""
