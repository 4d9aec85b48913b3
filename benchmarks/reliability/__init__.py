"""What holds when things go wrong: kills, erasures, disks and parts that fail, persuasion, rubbish.

    python -m benchmarks.reliability kills [--times 200]
    python -m benchmarks.reliability canary [--times 32]
    python -m benchmarks.reliability faults [--step 1]
    python -m benchmarks.reliability persuasion
    python -m benchmarks.reliability parts [--times 100]
    python -m benchmarks.reliability fuzz [--times 10000 | --minutes 10] [--seed 1] [--only NAME]
    python -m benchmarks.reliability places RECORD … [--python PATH …] [--capability avx2 …]

Each prints its figures and ends with 1 where one is not reached.
"""
