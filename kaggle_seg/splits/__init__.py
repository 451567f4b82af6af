"""Which training tiles validate: from fingerprints of their edges to split.json.

dealing         Dealing blocks of tiles into folds that resemble each other
fingerprints    Short integer fingerprints of a tile's edges and of the tile itself, so that millions of pairs can be
                compared
grouping        What must stay together when tiles are split: runs of consecutive ids, or scenes
groups          Groups of tiles that a person names in a CSV
matching        Comparing fingerprints all with all, and seams pixel by pixel
neighbours      Which tiles lie beside each other in the scene they were cut from, and which are copies of each other
splitting       Which training tiles validate, and split.json, which says so
survey          What is known of the tiles before they are split: buildings, neighbours, copies, and what the ids tell
"""
