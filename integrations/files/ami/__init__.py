"""AMI's own release of its annotations, as meeting records.

The AMI Meeting Corpus is distributed as NXT files (NITE XML Toolkit): words with times, one file a
speaker, and dialogue acts and topics that point to ranges of them.
"""
