"""From files to arrays and batches.

batches    Training batches: the order of the tiles and their symmetries, computed from (seed, epoch) alone
cache      The tiles as arrays: built once from the files, then opened in a moment
storing    Builds a cache folder: all files read and checked, arrays and index written beside their place, renamed into
           it
dataset    The tiles of a folder: their files listed, and images paired with masks, by names alone
layout     Where the tiles lie: the known layouts, found from any folder above them
reading    Many image files into a few arrays on disk, in parallel; every faulty file is told, in one report
files      One tile's files: an image or a mask, read, checked, and turned into an array
decoding   The bytes of an image file into pixels: TIFF, PNG, JPEG
"""
