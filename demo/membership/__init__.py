"""Membership inference: was this picture in the training set of this model?"""
