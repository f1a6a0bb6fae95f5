"""Publish what a commit builds: wheel, image, SBOM, release."""
