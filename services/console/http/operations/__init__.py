"""The operator's own pages beside companies and credentials; `table` lists them."""
