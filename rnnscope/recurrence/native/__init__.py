"""weights, a window of ids -> loss, every gradient, log-probabilities: one compiled call, on one core.

step.cpp holds the doors; lanes.h, products.h, packing.h, cells.h, layers.h, decoder.h what they are made of,
in that order; building.py compiles them at first use and step.py hands tensors over.
"""
