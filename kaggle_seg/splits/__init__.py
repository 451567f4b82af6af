"""Which training tiles validate: from fingerprints of their edges to split.json.

splitting      Which training tiles validate: split.json, and how a run gets one
methods        The methods by which tiles can be split: what each makes of them, and the one that fits them
survey         What is known of the tiles before they are split: buildings, neighbours, copies, and what the ids tell
grouping       What must stay together when tiles are split: runs of consecutive ids, scenes, or groups that a person
               names
neighbours     Which tiles lie beside each other in the scene they were cut from, and which are copies of each other
matching       Comparing fingerprints all with all, and seams pixel by pixel
fingerprints   Short integer fingerprints of a tile's edges and of the tile itself, so that millions of pairs can be
               compared
"""
