"""The jobs as Prefect flows; needs the extra ``prefect``. The database is that of ``EDL_DATABASE_URL``."""

from importlib.util import find_spec

from energy_data_layer.errors import ExtraUnavailable

if find_spec("prefect") is None:
    raise ExtraUnavailable("prefect", "prefect")
