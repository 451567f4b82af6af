"""The report of a run: curves, split, scores, best and worst tiles, settings and uploads, as one HTML file.

report_page    The page, section by section
run_facts      What the files of a run tell: history, settings, stages, and uploads
score_plots    Reliability, the IoU of each tile, and the IoU steps
shown_tiles    The best and worst tiles, packed so that the page can draw them at any threshold
split_axis     The picture of a split: which ids train, validate and are tested, in rows along the axis of ids
"""
