"""What can come out of a story, a sweep, a shake and an audit: grades and numbers, without words (demo.texts)."""
