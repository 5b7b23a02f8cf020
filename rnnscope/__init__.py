"""Look inside recurrent networks: train them, set them beside count models, open them up."""

__version__ = "0.1.0"
