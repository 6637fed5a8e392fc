"""How Passgate is put on a machine: secrets, demo data, the local stack; imports `shared` alone."""
