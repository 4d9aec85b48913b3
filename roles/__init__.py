"""What a role is, where roles are kept and how they are read."""
