"""What Figure 5 (right) of Karpathy, Johnson, Li 2015 shows, as data. Knows no model of ours.

Read off the figure, within 0.002 of an axis: a 3-layer LSTM beside n-NNs of 1 to 4 characters over its first
3.1 epochs, most likely on the Linux kernel text. Whether its symmetric divergence is the sum or the mean of
both directions is not said.
"""

SOURCE = "Karpathy, Johnson, Li 2015, Figure 5 (right), 3-layer LSTM beside n-NNs, read off"
CROSSED_AT = {1: 0.41, 2: 0.89, 3: 1.47, 4: 2.0}
"""n -> epochs after which the LSTM's loss is below the n-NN's."""
NEAREST_AT = {1: 0.45, 2: 1.08, 3: 2.06, 4: 2.96}
"""n -> epochs after which the divergence is least; the curve for 4 still falls at the end of the figure."""
NEAREST = {1: 1.11, 2: 1.72, 3: 1.33, 4: 1.10}
"""n -> that least divergence, nats."""
