"""Coverage-guided fuzzing of gateway/http1 (`make fuzz`): what it found once is kept in corpus.txt."""
