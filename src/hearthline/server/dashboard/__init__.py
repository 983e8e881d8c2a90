"""The screens: what the read API answers, drawn for people. Server-rendered, offline, no build step."""
