"""A fine-tuning gate: was this training set drawn by the very model that is to be trained on it?"""
