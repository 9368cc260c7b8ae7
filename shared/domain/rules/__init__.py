"""What each event does to a job: one small pure function per cell of the lifecycle's table, by theme.

A rule gets the job, the event and the circumstances, and returns the job as it is then, or a `Late` that says why
the event is no news. Rules never look at the table and never raise.
"""
