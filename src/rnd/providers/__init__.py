"""Sign-in for the organisation's package index and image registry: one module per provider."""
