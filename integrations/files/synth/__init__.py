"""`moderator synth` over files: scripts in, meeting records out."""
