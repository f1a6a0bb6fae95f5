"""Benchmarks: one run each, our commands beside their peers. No part of the test suite, and nothing waits for them."""
