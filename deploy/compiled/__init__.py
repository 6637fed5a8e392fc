"""A copy of the sources whose hottest modules are C extensions, made of the same Python by mypyc."""
