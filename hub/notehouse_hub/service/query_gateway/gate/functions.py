"""Which functions may a statement call?

An allow-list, reviewed against the pinned engine: `functions_allowed.txt` and `functions_denied.txt` together
name every function that engine has (a test compares), so a new engine's new functions are refused until
somebody has looked at them. Names that differ in case only are one name here.
"""

from importlib.resources import files

_COMBINATORS = (
    "SimpleState", "OrDefault", "OrNull", "Distinct", "Resample", "ForEach", "ArgMax", "ArgMin", "Tuple", "Merge",
    "State", "Array", "Map", "If",
)  # fmt: skip

# Table functions that read nothing but what they are given.
TABLE_FUNCTIONS = frozenset(
    {"numbers", "numbers_mt", "generaterandom", "generateseries", "generate_series", "values", "view"}
)

# Every other table function of the engine; a test compares.
DENIED_TABLE_FUNCTIONS = frozenset(
    [
        "sqlstandardvalues",
        "azureblobstorage",
        "azureblobstoragecluster",
        "cluster",
        "clusterallreplicas",
        "cosn",
        "deltalake",
        "deltalakeazure",
        "deltalakeazurecluster",
        "deltalakecluster",
        "deltalakelocal",
        "deltalakes3",
        "deltalakes3cluster",
        "dictionary",
        "eval",
        "executable",
        "file",
        "filecluster",
        "filesystem",
        "format",
        "fuzzjson",
        "fuzzquery",
        "gcs",
        "hdfs",
        "hdfscluster",
        "hudi",
        "hudicluster",
        "iceberg",
        "icebergazure",
        "icebergazurecluster",
        "icebergcluster",
        "iceberghdfs",
        "iceberghdfscluster",
        "iceberglocal",
        "iceberglocalcluster",
        "icebergs3",
        "icebergs3cluster",
        "input",
        "jdbc",
        "loop",
        "merge",
        "mergetreeanalyzeindexes",
        "mergetreeanalyzeindexesuuid",
        "mergetreeindex",
        "mergetreeprojection",
        "mergetreetextindex",
        "mongodb",
        "mysql",
        "null",
        "odbc",
        "oss",
        "paimon",
        "paimonazure",
        "paimonazurecluster",
        "paimoncluster",
        "paimonhdfs",
        "paimonhdfscluster",
        "paimonlocal",
        "paimons3",
        "paimons3cluster",
        "postgresql",
        "primes",
        "prometheusquery",
        "prometheusqueryrange",
        "python",
        "redis",
        "remote",
        "remotesecure",
        "s3",
        "s3cluster",
        "sqlite",
        "timeseriesdata",
        "timeseriesmetrics",
        "timeseriessamples",
        "timeseriesselector",
        "timeseriestags",
        "url",
        "urlcluster",
        "viewexplain",
        "viewifpermitted",
        "ytsaurus",
        "zeros",  # the engine wants a right for them that nobody has
        "zeros_mt",
    ]
)


def _names(file: str) -> frozenset[str]:
    return frozenset(files(__package__).joinpath(file).read_text().lower().split())


ALLOWED = _names("functions_allowed.txt")
DENIED = _names("functions_denied.txt")

# What the canonical text may not call, even where the tree shows nothing of it.
DENIED_ANYWHERE = (DENIED | DENIED_TABLE_FUNCTIONS) - ALLOWED


def is_allowed(name: str) -> bool:
    """Say whether a function may be called, aggregate combinators (sumIf, uniqMerge) included."""
    if name.lower() in DENIED:
        return False
    return any(base.lower() in ALLOWED for base in without_combinators(name))


def is_denied(name: str) -> bool:
    """Say whether a name is one of those that were looked at and refused, as a function or a table function."""
    return any(base.lower() in DENIED | DENIED_TABLE_FUNCTIONS for base in without_combinators(name))


def without_combinators(name: str) -> list[str]:
    """Return a name, and what is left of it as its aggregate combinators are taken off one by one."""
    bases = [name]
    while suffix := next((end for end in _COMBINATORS if name.endswith(end) and len(name) > len(end)), None):
        name = name[: -len(suffix)]
        bases.append(name)
    return bases
