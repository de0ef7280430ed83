"""What this machine and the settings lack for a load: checks, and findings with their remedies."""
