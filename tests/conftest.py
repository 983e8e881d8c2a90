"""What holds for all tests: they run side by side, so none takes more than its core."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests of the Spark engine are many plans over few rows: compiling them well costs more than running them.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

try:
    from hypothesis import settings
except ModuleNotFoundError:  # an environment of one framework, that runs a few tests without it
    pass
else:
    settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's
    settings.load_profile("untimed")
