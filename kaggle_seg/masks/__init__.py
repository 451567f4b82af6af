"""The mathematics of binary masks, on NumPy and SciPy alone.

averaging    Ensembles: the probability maps of several runs, averaged tile by tile
cleaning     Cleaning masks: small holes are filled, then small regions dropped
digits       Whole numbers as text and back, tens of thousands at a time: most of the work on run lengths
drawing      Runs drawn into masks, many masks at once and 64 pixels at a time
maps         Probability maps on disk: 256 levels a pixel, and what rounding to them would lose
regions      How many patches of building pixels a mask has, counted from its runs
rle          Run lengths: a mask as the text that Kaggle reads
scores       Metric variants: what a mask scores, tile by tile, counted in whole pixels
several      Masks in several rows: a row for each region, as the Airbus competition has them
"""
