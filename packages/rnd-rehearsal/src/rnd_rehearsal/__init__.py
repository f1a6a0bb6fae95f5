"""A whole world on one machine: what a repository meets in its life, each part real or held to its own description."""
