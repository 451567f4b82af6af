"""From a folder of satellite tiles to a scored Kaggle submission."""
