"""Helpers of the tests: what several test files share."""
