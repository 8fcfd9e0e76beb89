"""A process that has done the slow part of a kernel's start, and forks a kernel each time it is asked.

It has one thread, no event loop and no open connection when it forks: what has more cannot be forked.
"""
