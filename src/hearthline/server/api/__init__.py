"""The read door: reports, explanations, homes and the stream over HTTP, for programs and for the dashboard.

It reads published answers and the lake, and never knows the write door. Who may see what is decided in
`access`; figures of the current answer lie ready in `shelf`; `routes` holds the addresses.
"""
