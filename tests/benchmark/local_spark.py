"""A Spark on this machine, for tests and measurements."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession


def require_spark() -> None:
    """Skip the test in lanes that do not bring Spark, and where Java is absent, unless it is required."""
    import pytest

    if find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed; `make test-spark` brings it")
    if shutil.which("java", path=f"{os.environ.get('JAVA_HOME', '')}/bin{os.pathsep}{os.environ['PATH']}"):
        return
    if os.environ.get("EDL_TEST_REQUIRE_SPARK") == "1":
        pytest.fail("EDL_TEST_REQUIRE_SPARK=1, but Java is not installed", pytrace=False)
    pytest.skip("Java is not installed; Spark needs Java 17")


@contextmanager
def local_spark(folder: Path, memory: str, *java_options: str) -> Iterator[SparkSession]:
    """Run Spark with two executing threads, which try a task three times; what it writes is below `folder`."""
    from pyspark.sql import SparkSession

    options = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": " ".join([f"-Dderby.system.home={folder}", *java_options]),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": memory,
        "spark.local.dir": str(folder / "local"),
        "spark.log.level": "OFF",
        "spark.sql.session.timeZone": "Asia/Seoul",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with patch.dict(os.environ, {"PYSPARK_PYTHON": sys.executable}):
        session = SparkSession.builder.master("local[2,3]").config(map=options).getOrCreate()
        try:
            yield session
        finally:
            session.stop()
