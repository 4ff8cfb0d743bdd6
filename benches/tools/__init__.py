"""What the commands in benches share."""
