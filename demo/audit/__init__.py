"""Checks an epsilon by an attack: with and without one photo, can anybody tell which?"""
