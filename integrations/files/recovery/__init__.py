"""What is done with a run's directory after the run: recovered, erased from, reported on.

Nothing of a meeting under way may enter: whoever works here holds the directory's lock.
"""
