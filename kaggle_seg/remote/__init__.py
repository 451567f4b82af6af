"""The only door to Kaggle: uploads, the ledger, downloads.

advice         What the ledger teaches: what to upload next, what to choose in the end, and how far local scores can be
               trusted
choice         The ledger's rows seen from the CSVs: the row for an upload, which to upload next, the best uploaded
client         The only door to Kaggle: questions to the `kaggle` client in a process of its own, with a clock running
credentials    Kaggle credentials: which source the `kaggle` client will use, which ones it overrides, and how none of
               them leaks
downloading    A competition's tiles: from Kaggle into a folder, whole or not at all
gate           What must be in order before anything leaves this machine: the CSV, its novelty, the credentials, the
               competition
ledger         The ledger, submissions/ledger.csv: a row per upload, what it was and what it scored
listing        The ledger as a person reads it, and how it is brought up to date from Kaggle
refusals       What Kaggle's refusals and the client's failures mean, and what to do about each: one plain message
sending        One submission from the CSV to its score: the gate, the upload, the wait; each part can be taken up after
               a stop
trouble        What can go wrong between us and Kaggle, in plain values, and how long one waits for it to pass
unpacking      Unpacking an archive that came from outside: nothing leaves the folder, nothing is bigger than it says,
               no links
upload         Uploading a CSV exactly once, whatever happens on the way
waiting        Waiting for a score: asking by reference, with growing pauses, until Kaggle has scored the submission or
               given it up
worker         The process in which the `kaggle` client runs; `client.Kaggle` starts it and talks to it
worth          Whether the pipeline uploads a CSV by itself: only what is the competition's and better than all that was
               uploaded
"""
