"""Model Workbench: try, teach and use pre-trained models on your own computer."""

__version__ = "0.1.0"
