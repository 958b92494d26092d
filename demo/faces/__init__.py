"""Faces: found, framed, recognised."""
