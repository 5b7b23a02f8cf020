"""Run, CountModel or anyone's network -> Surprisal, Trace, Ablation, counters, text: everything that runs a
trained predictor.
"""
