"""rnd: one command makes a research repository, one more keeps hundreds of them in shape."""
