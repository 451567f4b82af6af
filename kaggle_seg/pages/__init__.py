"""What a person looks at: pages, plots, pictures.

contact_sheet         A contact sheet: tiles of a submission with the outlines of their masks, as one PNG
curves                Curves as PNG files
decision              The decision of a run, or of several runs together: tuned, kept in `decision.json`, drawn
decision_table        A decision told in lines that a person reads
gallery               The gallery: a submission on its tiles, as one HTML file
gallery_fitting       Which images and maps fit into a page
gallery_images        The tiles' images, small enough for a page that holds all of them
gallery_live          What the gallery's threshold slider says: validation scores at each threshold, and the command
                      that makes its CSV
gallery_maps          Probability maps for the gallery: at 64 levels, packed tightly, and what they expect of a mask
gallery_subject       What a gallery is of
gallery_tiles         What a gallery's page knows of each tile
gallery_validation    The gallery of the validation tiles: what the CSV's decision makes of tiles whose true masks are
                      known
gallery_views         The ways a gallery shows its tiles, and what the colours mean
learning_curves       The learning curves of a run, redrawn after every epoch
notebook_view         A submission that shows itself in a notebook
outcome               What a pipeline came to, in a small table: tiles, scores, decision, and which files to look at
                      next
page                  Pages: one self-contained HTML file each, made from the templates beside this module
plot                  Plots for pages: axes, lines, bars and marks in data units, worked out to the paths of a small SVG
report                A run's report: one HTML file with its curves, split, scores, best and worst tiles, settings and
                      uploads
report_facts          The report's tables: settings, stages, and what was uploaded
report_measures       What a run's report needs to know of its validation tiles: one pass over their maps, at flat
                      memory
report_scores         The report's plots of validation scores: against the threshold, calibration, and the IoU of each
                      tile
report_split          The report's picture of a split: which ids train, validate and are tested, in rows along the axis
                      of ids
report_tiles          The report's best and worst tiles, and what its script needs to draw them at any threshold
report_training       The report's learning curves
"""
