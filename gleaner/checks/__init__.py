"""What `gleaner doctor` looks at: small functions that give findings and change nothing that lasts.

A file per theme. A check may meet anything that can be wrong with a machine, so it turns errors into findings; what it
did not foresee becomes one in `together`.
"""
