"""One step's vector -> what two products with a squared rectifier between them add to it. Knows no model."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FeedForward(nn.Module):
    """W_down max(0, W_up norm(x))^2 (So et al. 2021, arXiv 2109.08668); weights uninitialised."""

    def __init__(self, hidden: int, feed: int) -> None:
        super().__init__()
        self.gain_H = nn.Parameter(torch.empty(hidden))
        self.w_up_FH = nn.Parameter(torch.empty(feed, hidden))
        self.w_down_HF = nn.Parameter(torch.empty(hidden, feed))

    def forward(self, carried: Tensor) -> Tensor:
        normed = F.layer_norm(carried, self.gain_H.shape, self.gain_H)
        return F.linear(F.relu(F.linear(normed, self.w_up_FH)).square(), self.w_down_HF)
