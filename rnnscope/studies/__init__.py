"""Many configs -> many Runs and Findings, and their report: the whole flow on the processes of one
machine or on a Ray cluster.
"""
