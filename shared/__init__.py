"""The common library of Passgate's services and its gateway; it imports neither."""
