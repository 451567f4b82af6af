"""From files to arrays and batches.

ahead       Work done ahead of whoever asks for it, in threads
batches     Training batches: the order of the tiles and their flips, computed from (seed, epoch) alone
cache       The tiles as arrays: built once from the files, then opened in a moment
dataset     The tiles of a folder: listed, and images paired with masks, by names alone
decoding    The bytes of an image file into pixels: TIFF, PNG, JPEG
files       One tile's files: an image or a mask, read, checked, and turned into an array
layout      Where the tiles lie: the known layouts, found from any folder above them
listing     The files of a tree of tiles, listed by names alone: in a layout that is known, or by a competition's
            patterns
reading     Many image files into a few arrays on disk, in parallel; every faulty file is told, in one report
storing     Builds a cache folder: all files read and checked, arrays and index written beside their place, renamed into
            it
"""
