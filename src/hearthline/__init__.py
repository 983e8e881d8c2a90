"""Hearthline: what made this household buy, and how sure are we?"""
