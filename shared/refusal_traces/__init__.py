"""What a refused call met, as every process reports it: sampled, bounded, never a secret."""
