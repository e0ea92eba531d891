"""What was asked for and what became of it: the durable list of jobs and its worker.

Never imports Streamlit, so that lists, workers and command line run without a screen.
"""
