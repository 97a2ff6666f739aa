"""Many runs over a grid of configuration keys, `tools/sweep.py`.

grid, trials            what to train: values of keys, and a folder for each
measures                which number of `metrics.json` is compared
driving                 what is missing is run, and the rest shown
scheduling, running     on Ray: who trains which trial, and one trial
attached, measure       the processes of a trial beside `aeai-train`
results, table, plot    what came out
"""
