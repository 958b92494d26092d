"""Before a job: memory, disk and time, estimated from a base's configuration and the device found."""
