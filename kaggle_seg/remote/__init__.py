"""The only door to Kaggle: uploads, the ledger, downloads.

advice         What the ledger teaches: what to upload next, what to choose in the end, how far to trust local scores
choice         Which CSV is uploaded: the best one that waits, what the pipeline may upload, and the row that it gets
client         Questions to the `kaggle` client in a process of its own, with timeouts and retries
credentials    Which source of credentials the client uses, which ones that overrides, and how no secret is printed
download       A competition's tiles: from Kaggle into a folder, whole or not at all
gate           What must be in order before a CSV leaves this machine: the CSV, and what the competition takes now
ledger         The ledger, submissions/ledger.csv: a row per upload, what it was and what it scored
refusals       What goes wrong with Kaggle: one exception, and one plain message that says what to do
results        What became of the uploads: waiting for a score, bringing the ledger up to date, showing both
unpacking      Unpacking an archive from outside: nothing is written outside its folder or larger than it says
upload         Uploading a CSV exactly once, and why it is exactly once
worker         The process in which the `kaggle` client runs
"""
