"""Verbs on people, tokens and repeated requests; the audited ones a person clicks are in lifecycle.projects.people."""
