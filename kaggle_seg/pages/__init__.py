"""What a person looks at: pages, plots, pictures.

contact_sheet     A contact sheet: tiles of a submission with the outlines of their masks, as one PNG
curves            Learning curves, and scores against the threshold; as plots for pages, and as SVG files
gallery/          A submission on its tiles, with a live threshold
measures          The validation tiles of a run under its decision and under every threshold
notebook_view     A submission that shows itself in a notebook
outcome           What a pipeline came to, in a small table
page              Pages: one self-contained HTML file each, made from the templates beside this module
plot              Plots: axes, lines, bars and marks in data units, worked out to the paths of a small SVG. All plots go
                  through this one stack: the same plot stands in the report, in the gallery and in the SVG files of a
                  run, follows the reader's light or dark scheme, stays sharp at every size, and a page's script can move
                  a cursor in it. A file is written in milliseconds, where a plotting library takes half a second to
                  load, in the middle of a training
report/           A run: curves, split, scores, tiles, settings and uploads
slider            The threshold slider of a page: what it says at each threshold
"""
