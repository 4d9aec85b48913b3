"""What a room hears of an agent: the moderator beside a stock LiveKit agent.

``python -m benchmarks.room`` starts a real LiveKit server in a network namespace, has simulated
people publish speech through the client library, and takes all times at one more participant, who
listens. Both agents are workers in processes of their own and get the same conversation.
"""
