"""Do interpolated images help to learn a pose? `tools/pose_regression.py`.

study         what is compared, and where it lies
autoencoders  the runs that interpolate, trained by the product's own code
samples       what the regressor trains on: real images, and what is added
regressor     from an image to the angle of the turntable
working       one job after the other, in a process of its own
driving       the processes: what is missing is done, on every core
results       what came out: errors by pose, and numbers with intervals
table, plot   to read, and to look at
"""
