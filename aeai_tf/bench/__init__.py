"""What training costs, measured: the parts of `tools/bench_train.py`.

Only what runs in a process of `turns.Held` imports TensorFlow or PyTorch.
"""
