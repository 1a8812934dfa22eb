"""The kit of pages: one HTML file that opens anywhere, with no network, script or file beside it.

What a page says lies with the command that makes it, and so does its template; here is what they
share: the frame, the style, and pictures of bars and lines.
"""
