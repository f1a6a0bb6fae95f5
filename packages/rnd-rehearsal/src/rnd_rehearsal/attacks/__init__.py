"""Attacks on a rehearsal: who attacks, what must hold, and each way that is tried; see docs/threats.md."""
