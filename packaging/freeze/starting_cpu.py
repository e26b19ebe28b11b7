"""Runs first in the frozen app without CUDA: torch must not look for what was left out."""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
