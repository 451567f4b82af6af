"""From probability maps to masks: the rules, how one is chosen, and the record of it.

bootstrap     Units of resampling: the tiles that cross-fitting and bootstrapping keep together
candidates    The rules that compete, each in many settings, and what every setting does on every tile
rules         Decisions: the rules that make a mask of a probability map
search        Choosing among the settings of a rule, on all tiles or, cross-fitted, on those of the other parts
tuning        Choosing the decision: three rules compete on validation tiles
validation    The validation tiles of a run, or of several runs together: their maps beside their masks
"""
