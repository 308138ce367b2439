"""What a dataset looks like: profiles, findings worth a look, saved views."""
