"""Surprisal, Trace, Run -> Finding. numpy only; an analysis never learns which predictor made a record."""
