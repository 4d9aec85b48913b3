"""What a meeting adds up to: summaries, reports and scores."""
