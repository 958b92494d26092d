"""What a machine has: devices, ZeroGPU's turns, threads."""
