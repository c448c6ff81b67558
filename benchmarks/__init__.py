"""What the house costs, each figure beside a peer or a limit that is measured in the same run.

`python -m benchmarks` runs all, `python -m benchmarks NAME` one. What is compared takes turns, in an order that moves
on each round; medians are printed with the fastest and the slowest round. A ratio is the median of the ratios within
each round. Only the ratios mean something: a shared machine's absolute figures move.
"""
