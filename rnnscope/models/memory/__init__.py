"""Predictor -> another predictor: memories that wrap a trained model and need no training of their own.

    model -> Plain -> Cache, NgramMix -> ...      each reads rows through the one that it wraps
    model -> DynamicEvaluation -> NgramMix -> ...  the model itself goes on learning, so that it is innermost

`settings` is had without torch; the rest is imported by its module's name.
"""
