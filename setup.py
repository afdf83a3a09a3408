"""Packages by search; what pyproject.toml cannot say is that the folders of cases/ ship inside the package."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

CASES = [folder.parent.name for folder in sorted(Path(__file__).parent.glob("cases/*/case.toml"))]

setup(
    packages=[
        *find_namespace_packages(include=["resilience", "resilience.*", "dashboard", "dashboard.*"]),
        *(f"resilience.shipped.{name}" for name in CASES),
    ],
    package_dir={f"resilience.shipped.{name}": f"cases/{name}" for name in CASES},
    package_data={
        "resilience": ["py.typed", "data/**/*"],
        "dashboard": ["assets/*"],
        **{f"resilience.shipped.{name}": ["*"] for name in CASES},
    },
)
