"""Keras: the U-Net, its losses, training and predicting. No other room imports Keras."""

import os

# TensorFlow's own log lines would bury the pipeline's; a user's setting wins
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
