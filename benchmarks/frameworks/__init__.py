"""What feeding other frameworks than TensorFlow must reach: a file each, where it is installed."""
