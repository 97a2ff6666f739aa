"""What can be run: one file a method, `--config=configs/<method>.py:<data>`."""
