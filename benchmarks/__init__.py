"""What the house costs, each figure beside a peer or a limit that is measured in the same run.

`python -m benchmarks` runs all, `python -m benchmarks NAME` one. What is compared takes turns, in an order that moves on
each round; medians are printed with the fastest and the slowest round. Only the ratios mean something: the machine is
shared and its absolute figures move.
"""
