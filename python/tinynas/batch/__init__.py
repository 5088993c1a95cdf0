"""Sweeps: many searches as one job, on this machine or on a Slurm cluster.

`python -m tinynas.batch ...` is `tinynas batch ...`. A sweep file (configs/batch) names boards,
budgets, spaces and seeds; every combination is a cell, and a cell is one `tinynas search` in a run
directory of its own, which is all that says how far it is.
"""
