"""Where bytes live: page-aligned memory, mapped files, and copying between them.

Nothing here knows of tensors or of any framework.
"""
