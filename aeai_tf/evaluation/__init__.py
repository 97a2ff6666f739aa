"""How interpolation is measured: one measure a file.

compared_runs, comparison   from the folders of runs to `metrics.json`'s dict
plan, paths                 what is measured along which paths of a set
observe, observations       interpolates along them, once, for all measures
mse_against_truth, alpha_retrieval, parameter_distance, admissibility, quality,
acai_scores, reconstruction the measures; nearest_image, which some of them use
bootstrap                   the interval around a number
summary, metrics            all measures of a method; the keys of the dict
output, tables, figures, pictures, report, tensorboard
                            what is made of it
"""
