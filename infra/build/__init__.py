"""Environments, requirement sets and the packages of the functions."""
