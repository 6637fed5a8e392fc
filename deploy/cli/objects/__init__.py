"""The resources of the admin API: each noun with the verbs that it has."""
