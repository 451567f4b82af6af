"""The CSV that Kaggle scores: written, read, checked, compared.

checks        What is wrong with a submission, before Kaggle says so or, worse, scores it without a word
comparison    How much two submissions agree
deciding      Writing the CSV of a decision, and the JSON beside it that says how it was made
expected      What a submission should hold: the ids and the size of the test tiles; and where their images are
figures       Figures of a submission's masks: building shares and regions, in a few lines of text
table         The submission: the CSV that Kaggle scores, byte for byte
truth         A submission held against masks that a person has: the local score, tile by tile
"""
