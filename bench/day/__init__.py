"""A whole day of events through Ralph, as fast as the machine takes it."""
