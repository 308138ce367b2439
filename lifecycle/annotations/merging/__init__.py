"""One answer out of several people's: each question by its own rule, regions by who drew the same (docs/decisions/016).

Pure: result lists that the interface's checker took go in, one that it takes comes out. Nothing here knows a database.
"""

from lifecycle.annotations.merging.judges import Judge, Majority, Skilled
from lifecycle.annotations.merging.learning import Learner
from lifecycle.annotations.merging.model import Answer, Merged, Part
from lifecycle.annotations.merging.results import merge
from lifecycle.annotations.merging.sieve import keep_valid

__all__ = ["Answer", "Judge", "Learner", "Majority", "Merged", "Part", "Skilled", "keep_valid", "merge"]
