"""From probability maps to masks: the rules, how one is chosen, and the record of it.

applying      Applying a decision: the test maps, and the rule by which the masks of a CSV are made of them
bootstrap     Bootstrap clusters: the tiles that cross-fitting and bootstrapping keep together
describing    A decision in lines that a person reads
keeping       The decision of a run, or of several runs together: tuned once, and kept in decision.json
record        What the records say: decision.json of a run, and the JSON beside a CSV, as typed objects
record_files  The records as JSON: their keys are read and written here alone
rules         Decisions: the rules that make a mask of a probability map
search        Search among candidates: each rule in many settings, and which one is chosen
tuning        Tuning: which rule makes masks of these maps, decided on validation tiles
validation    The validation tiles of a run, or of several runs together: their maps beside their masks
"""
