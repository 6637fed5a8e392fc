"""In-memory twins of the stores. Each passes the contract suite of the store that it stands for."""
