"""The report of a run: curves, split, scores, best and worst tiles, settings and uploads, as one HTML file.

report_page         The page, section by section
run_facts           What the files of a run tell: history, settings, stages, and uploads
split_axis          The picture of a split: which ids train, validate and are tested, in rows along the axis of ids
validation_tiles    The validation tiles: reliability, IoU and IoU steps of all, and the best and worst of them
"""
