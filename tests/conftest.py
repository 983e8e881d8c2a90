"""What holds for all tests."""

import os

# Tests of the Spark engine are many plans over few rows: compiling them well costs more than running them.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
