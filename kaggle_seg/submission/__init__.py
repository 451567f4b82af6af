"""The CSV that Kaggle scores: written, read, checked, compared.

checks        What is wrong with a submission, before Kaggle says so or, worse, scores it without a word
comparison    How much two submissions agree
deciding      From probability maps to the CSV and the JSON beside it that says how it was made
expected      What a submission ought to hold: the ids of the test tiles, and their size
notebook      How a submission shows itself in a notebook: what it says in a few lines, and some of its masks
pictures      The tiles behind a submission: where their images lie, and a mask drawn on one
provenance    Where a CSV comes from, in plain facts: its runs, its decision, its local score; and which CSV to upload
              next
summary       What a submission says about its tiles, in a few lines of text
table         The submission: the CSV that Kaggle scores, byte for byte
truth         A submission held against masks that a person has: the local score, tile by tile
"""
