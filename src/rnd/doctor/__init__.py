"""What this machine and the accounts lack, and how to fix it."""
