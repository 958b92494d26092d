"""The whole story, and what runs it: jobs in a line, pipelines in memory, turns on ZeroGPU."""
