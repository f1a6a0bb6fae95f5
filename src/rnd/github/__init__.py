"""The repository on GitHub: sign-in, the one client, settings as data."""
