"""The gallery: a submission on its tiles, as one HTML file.

fitting               Which images and maps fit into a page, and the images
gallery_page          The page: what it shows, put together and rendered
gallery_slider        Its threshold slider: the maps of its tiles, the validation scores, the commands that make its CSVs
packed_maps           Probability maps at 64 levels, packed tightly, and what they expect of a mask
subject               What a gallery is of, and what its page knows of each tile
validation_gallery    The gallery of the validation tiles, whose true masks are known
"""
