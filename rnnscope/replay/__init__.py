"""Run or CountModel, Corpus -> Surprisal, Trace, text: everything that runs a trained predictor."""
