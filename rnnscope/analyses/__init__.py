"""Surprisal, Trace, Run -> Finding. numpy, scipy and scikit-learn, no torch; an analysis never learns which
predictor made a record.
"""
