"""The same bytes under another name: layouts, verdicts, arrays and tensors.

One function, `samebytes.share.verdict.judge`, decides whether bytes can be shared; what acts
and what explains both ask it.
"""
