"""All stages in one command, on the standard library alone: it makes the environment in which the stages run.

__main__     the command
course       from the environment to the report, and how it ends
options      the command line: read and checked, all problems at once
environment  the virtual environment, made from a lock
missing      what an interpreter lacks
children     child processes, signals, and the end of both
stages       which stages run, with which options
counting     how many tiles there are, and how large
estimates    how long each stage takes
disk         how much disk is needed
plan         what is told before the first stage
deadline     `--until` turned into minutes of training
"""
