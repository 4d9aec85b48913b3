"""Trains the embedded mind on recorded meetings: prepare, train, evaluate, export."""
