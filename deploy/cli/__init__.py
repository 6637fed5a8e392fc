"""`passgate`, the command line: a module, or a package, for each command or for several that are alike."""
