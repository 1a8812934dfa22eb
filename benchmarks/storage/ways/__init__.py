"""Everyone who does a job: bare reads, this library and its peers, a file each."""
