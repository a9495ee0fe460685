"""Every chart of every dashboard, in a real Superset on marts with a million events."""
