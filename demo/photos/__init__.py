"""Photos in: the one way from a file, an upload or a camera to aligned faces."""
