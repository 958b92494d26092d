"""Ways to fine-tune on a set of pictures, one file each behind one registry."""
