"""Divergence -> Finding: in which order a network learns what n characters of context tell."""

from rnnscope.analyses.training_dynamics.finding import DynamicsSettings, no_milestones, training_dynamics
from rnnscope.analyses.training_dynamics.roles import RoleHistory

__all__ = ["DynamicsSettings", "RoleHistory", "no_milestones", "training_dynamics"]
