"""What holds when things go wrong: kills, erasures, disks and parts that fail, persuasion.

    python -m benchmarks.reliability kills [--times 200]
    python -m benchmarks.reliability canary [--times 32]
    python -m benchmarks.reliability faults [--step 1]
    python -m benchmarks.reliability persuasion
    python -m benchmarks.reliability parts [--times 100]
    python -m benchmarks.reliability churn [--joins 1000] [--minutes 10] [--people 50]
    python -m benchmarks.reliability flood [--times 20] [--seconds 60]
    python -m benchmarks.reliability network [--times 20] [--outages 5,30,90]
    python -m benchmarks.reliability soak [--hours 8]

Each prints its figures and ends with 1 where one is not reached.
"""
