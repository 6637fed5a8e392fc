"""`passgate apply`: what is there becomes what a folder of YAML files says."""
